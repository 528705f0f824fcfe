"""Whether an answer has exactly the documented shape: nothing missing, nothing else, nothing of another type."""

import json
from typing import Any

import jsonschema_rs


def faults(document: dict[str, Any], path: str, method: str, status: int, body: str) -> list[str]:
    """What of the answer is not as its operation says; `path` is the document's, `/api/v1/partners/{partner_id}`."""
    answers = document["paths"][path][method.lower()]["responses"]
    if str(status) not in answers:
        return [f"{status} is not documented"]
    json_content = answers[str(status)].get("content", {}).get("application/json")
    if json_content is None:
        return []  # a redirect, or a page for people
    return departures(document, json_content["schema"], json.loads(body))


def departures(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    """What of the value is not as a schema of the document says."""
    exact = {**_closed(schema), "components": _closed(document["components"])}
    return [f"{list(fault.instance_path)}: {fault.message}" for fault in _validator(exact).iter_errors(value)]


def keys(value: Any) -> Any:
    """A JSON value without its values: the names in it, and of a list what its first member has."""
    if isinstance(value, dict):
        return {name: keys(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [keys(inner) for inner in value[:1]]
    return None


def _validator(schema: dict[str, Any]) -> Any:
    return jsonschema_rs.validator_for(schema, validate_formats=True)


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
