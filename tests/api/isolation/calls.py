"""Calling a route about what the shop has, with a body made from the document, and looking at the answer."""

import json
import re
from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import Any, cast

from flask import Flask
from flask_openapi3 import OpenAPI

from app.http.openapi.document import complete
from tests.api.conftest import Answer, Caller

from .table import BODIES, FILES, READ, VALUES, Route
from .world import OF_ONE_MODE, World


def call(
    caller: Caller, world: World, route: Route, application: Flask, *, accept: str | None = None, **fields: str
) -> Answer:
    """Call the route about what the shop has, with `fields` in its query or body."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: _id(world, route, found[1]), route.rule)
    if route.method == READ:
        headers = {"Accept": accept} if accept else None
        return _without_echo(caller.call(READ, path, headers, query_string=fields), path, fields)
    if takes_file(application, route):
        data = {"file": (BytesIO(FILES.get(route.name, b"reference,status")), "results.csv"), **fields}
        return _without_echo(caller.call(route.method, path, data=data), path, {})
    query = _query_of(application, route)
    asked = {name: value for name, value in fields.items() if name in query}
    body = {**_body(application, world, route), **{name: fields[name] for name in fields.keys() - asked.keys()}}
    answer = caller.call(route.method, path, query_string=asked, **({"json": body} if body else {}))
    return _without_echo(answer, path, {**body, **asked})


def _without_echo(answer: Answer, path: str, sent: dict[str, Any]) -> Answer:
    """A 404 quotes the id that the caller sent, which reveals nothing; any other id would."""
    if answer.status_code != 404:
        return answer
    asked = f"{path} {json.dumps(sent)}"
    text = re.sub(r"'(\w+)' was found", lambda quoted: "was found" if quoted[1] in asked else quoted[0], answer.text)
    return replace(answer, text=text)


def assert_nothing_revealed(world: World, who: str, route: Route, answer: Answer) -> None:
    revealed = {text for text in world.hidden_from(who) if text in answer.text}
    assert revealed == set(), (who, route.name, answer.text)


def assert_no_money(world: World, who: str, route: Route, answer: Answer) -> None:
    """Nothing of the money is shown; where the path names some of it, it is not found."""
    revealed = {one for one in world.money if one in answer.text}
    assert revealed == set(), (who, route.name, answer.text)
    if OF_ONE_MODE & set(route.parameters):
        refused = {403, 404} if who == "ada" else {404}
        assert answer.status_code in refused, (who, route.name, answer.text)


def _id(world: World, route: Route, name: str) -> str:
    if name == "run_id":
        return next(run_id for path, run_id in world.runs.items() if route.rule.startswith(path))
    assert name in world.ids, f"{route.name}: world.py has no {name}"
    return world.ids[name]


@cache
def _document(application: Flask) -> dict[str, Any]:
    return complete(cast(OpenAPI, application))


def _query_of(application: Flask, route: Route) -> set[str]:
    """The parameters that a route takes in its query."""
    parameters = operation_of(application, route).get("parameters", [])
    return {one["name"] for one in parameters if one["in"] == "query"}


def operation_of(application: Flask, route: Route) -> dict[str, Any]:
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.rule)
    operation: dict[str, Any] = _document(application)["paths"][path][route.method.lower()]
    return operation


def takes_file(application: Flask, route: Route) -> bool:
    """Whether its body is a form with a file."""
    return "multipart/form-data" in operation_of(application, route).get("requestBody", {}).get("content", {})


def _schema(application: Flask, route: Route) -> dict[str, Any]:
    """The body's schema; empty where it takes none."""
    content = operation_of(application, route).get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    schemas = _document(application)["components"]["schemas"]
    schema: dict[str, Any] = schemas.get(reference.rpartition("/")[2], {})
    return schema


def fields_of(application: Flask, route: Route) -> set[str]:
    """The names of what the query and the body may hold."""
    query = {one["name"] for one in operation_of(application, route).get("parameters", ()) if one["in"] == "query"}
    return query | _schema(application, route).get("properties", {}).keys()


def _body(application: Flask, world: World, route: Route) -> dict[str, Any]:
    """A body that is understood: what is needed, as the shop's ids or by the document's examples, and the table's."""
    schema = _schema(application, route)
    needed = schema.get("required", ())
    known = {**world.ids, **VALUES}
    made = {name: known.get(name) or _example(schema["properties"][name]) for name in needed}
    return {**made, **BODIES.get(route.name, {})}


def _example(field: dict[str, Any]) -> Any:
    """A value for a field: its example, its only choice, or something of its type."""
    if field.get("examples"):
        return field["examples"][0]
    if "enum" in field:
        return field["enum"][0]
    by_type = {"boolean": False, "integer": 1, "string": "2026-11-01T00:00:00Z", "array": [], "object": {}}
    return by_type.get(field.get("type", ""))
