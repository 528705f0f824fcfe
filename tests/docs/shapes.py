"""Whether an answer has exactly the documented shape: nothing missing, nothing else, nothing of another type."""

import json
from functools import cache
from typing import Any

import jsonschema_rs


def faults(
    document: dict[str, Any], path: str, method: str, status: int, body: str, content_type: str = "application/json"
) -> list[str]:
    """What of the answer is not as its operation says; `path` is the document's, `/api/v1/partners/{partner_id}`."""
    answers = document["paths"][path][method.lower()]["responses"]
    if str(status) not in answers:
        return [f"{status} is not documented"]
    content = answers[str(status)].get("content", {})
    if content_type == "text/csv" and content_type in content:
        return [] if body.startswith(content[content_type]["example"]) else [f"the columns of {body!r} are others"]
    if content_type == "text/html" and content_type in content:
        return []
    json_content = content.get("application/json")
    if json_content is None:
        return []  # a redirect, or a page for people
    return departures(document, json_content["schema"], json.loads(body))


def departures(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    """What of the value is not as a schema of the document says."""
    validator = _validator(_closed_components(document), json.dumps(schema))
    return [f"{list(fault.instance_path)}: {fault.message}" for fault in validator.iter_errors(value)]


def keys(value: Any) -> Any:
    """A JSON value without its values: the names in it, and of a list what its first member has."""
    if isinstance(value, dict):
        return {name: keys(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [keys(inner) for inner in value[:1]]
    return None


# Making a validator reads all of the document, and most bodies share a handful of schemas.
@cache
def _validator(components: str, schema: str) -> Any:
    exact = {**_closed(json.loads(schema)), "components": json.loads(components)}
    return jsonschema_rs.validator_for(exact, validate_formats=True)


_components: dict[int, tuple[dict[str, Any], str]] = {}
"""By a document's identity: the document, which is kept so that no other takes its place, and its closed components."""


def _closed_components(document: dict[str, Any]) -> str:
    if id(document) not in _components:
        _components[id(document)] = (document, json.dumps(_closed(document["components"])))
    return _components[id(document)][1]


def _closed(schema: Any) -> Any:
    """The schema with every object that names its properties closed to others."""
    if isinstance(schema, list):
        return [_closed(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(inner) for name, inner in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
