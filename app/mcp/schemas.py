"""Schemas of tools, cut to what a model needs: every agent reads them all before its first call.

Parameters keep their types, their values and what is required; the server checks the rest (lengths, patterns, ranges)
and its errors name it. Of answers only the names of fields are left; /openapi.json has the rest.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel

from app.mcp.operations import IDEMPOTENCY_KEY, Operation

Schema = dict[str, Any]

KEPT: Final = ("type", "enum")
NULL: Final = {"type": "null"}
MOST_VALUES: Final = 12
"""A parameter with more values than this does not list them."""
LONGEST_DESCRIPTION: Final = 40
"""Characters of a parameter's description that is worth its tokens."""


def parameters(operations: Sequence[Operation]) -> dict[str, Schema]:
    """The schema of each tool's arguments: the fields of its request models side by side.

    An object that several tools take, such as a commission, is described by the first of them.
    """
    describing: dict[str, str] = {}
    return {operation.name: _arguments(operation, describing) for operation in operations}


def _arguments(operation: Operation, describing: dict[str, str]) -> Schema:
    properties: Schema = {}
    required: list[str] = []
    for model in operation.models.values():
        whole = model.model_json_schema()
        for name, field in whole.get("properties", {}).items():
            properties[name] = _parameter(field, whole.get("$defs", {}), is_described=True)
        required += whole.get("required", [])
    for name, field in properties.items():
        text = json.dumps(field)
        if "properties" in text and describing.setdefault(text, operation.name) != operation.name:
            properties[name] = {"type": field["type"], "description": f"As in {describing[text]}."}
    if operation.takes_idempotency_key:
        properties[IDEMPOTENCY_KEY] = {"type": "string"}
    schema: Schema = {"type": "object", "properties": properties}
    return {**schema, "required": required} if required else schema


def answers(operations: Sequence[Operation]) -> dict[str, Schema]:
    """The schema of each tool's structured content: the names of the view's fields.

    A view that several tools answer with is described once: by the one that only reads, else by the first of them.
    """
    describing: dict[type[BaseModel], str] = {}
    for operation in sorted(operations, key=lambda operation: not operation.changes_nothing):
        describing.setdefault(operation.view, operation.name)
    return {
        operation.name: _fields(operation.view) if describing[operation.view] == operation.name else {"type": "object"}
        for operation in operations
    }


def _fields(view: type[BaseModel]) -> Schema:
    whole = view.model_json_schema(mode="serialization")
    known = whole.get("$defs", {})
    return {"type": "object", "properties": {name: _kind(field, known) for name, field in whole["properties"].items()}}


def _kind(field: Mapping[str, Any], known: Mapping[str, Any]) -> Schema:
    kinds = [choice.get("type") for choice in _choices(field, known) if choice != NULL]
    return {"type": "array"} if kinds == ["array"] and NULL not in _choices(field, known) else {}


def _parameter(field: Mapping[str, Any], known: Mapping[str, Any], *, is_described: bool = False) -> Schema:
    choices = _choices(field, known)
    schemas = [_single(choice, known) for choice in choices if choice != NULL]
    schema = schemas[0] if len(schemas) == 1 else _merged(schemas)
    if NULL in choices and field.get("default", ...) is not None:
        schema["type"] = [schema.get("type", "object"), "null"]
    description = field.get("description", "")
    if is_described and description and len(description) <= LONGEST_DESCRIPTION:
        schema["description"] = description
    return schema


def _choices(field: Mapping[str, Any], known: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The alternatives of a field, with references replaced by what they name."""
    field = _resolved(field, known)
    inner = field.get("anyOf") or field.get("oneOf")
    return [choice for one in inner for choice in _choices(one, known)] if inner else [field]


def _single(field: Mapping[str, Any], known: Mapping[str, Any]) -> Schema:
    schema: Schema = {name: field[name] for name in KEPT if name in field}
    if "const" in field:
        schema = {"enum": [field["const"]]}
    if len(schema.get("enum", ())) > MOST_VALUES:
        del schema["enum"]
    if "items" in field:
        schema["items"] = _parameter(field["items"], known)
    if isinstance(field.get("additionalProperties"), Mapping):
        schema["additionalProperties"] = _parameter(field["additionalProperties"], known)
    if "properties" in field:
        schema["properties"] = {name: _parameter(inner, known) for name, inner in field["properties"].items()}
    if "required" in field:
        schema["required"] = field["required"]
    return schema


def _merged(schemas: list[Schema]) -> Schema:
    """Alternatives as one schema: the fields of all of them, of which those common to all are required."""
    properties: Schema = {}
    for schema in schemas:
        for name, inner in schema.get("properties", {}).items():
            values = [*properties.get(name, {}).get("enum", ()), *inner.get("enum", ())]
            properties[name] = {**inner, "enum": values} if values else inner
    if not properties:
        return {"type": [schema["type"] for schema in schemas]}
    common = set.intersection(*(set(schema.get("required", [])) for schema in schemas))
    return {"type": "object", "properties": properties, "required": sorted(common)}


def _resolved(field: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in field:
        field = known[field["$ref"].rpartition("/")[2]]
    return field
