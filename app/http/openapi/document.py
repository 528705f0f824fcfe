"""Completes the OpenAPI document with examples, lists as CSV, pages, and the Idempotency-Key of each POST."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

from flask import Flask
from flask_openapi3 import OpenAPI
from pydantic import BaseModel

from app.http.csv_lists import CSV, EXTENSION
from app.http.errors import ClientErrorBody, ErrorBody
from app.http.html import HTML, HTML_EXTENSION
from app.http.idempotency import REPLAYED
from app.http.openapi.examples import example_of
from app.http.surfaces import surfaces
from app.organizations.stored_responses import HEADER

WEBHOOKS: Final = "accrual_webhooks"
ERROR: Final = {"$ref": f"#/components/schemas/{ErrorBody.model_config['title']}"}
CLIENT_ERROR: Final = {"$ref": f"#/components/schemas/{ClientErrorBody.model_config['title']}"}
REFUSALS: Final = {
    "401": ("unauthenticated", "send an API key: `Authorization: Bearer aff_…`"),
    "403": ("forbidden", "this key does not have the permission"),
    "404": ("not_found", "it was not found; check the id, and that it belongs to your organization"),
    "409": ("conflict", "it conflicts with the present state; the message says how"),
    "410": ("file_replaced", "the file was made again without a payout that ended; list the run's files"),
    "415": ("unsupported_media_type", "send JSON: `Content-Type: application/json`"),
    "429": ("rate_limited", "more than 120 such requests a minute; retry after the seconds in Retry-After"),
    "500": ("internal_error", "Something went wrong on our side."),
    "503": ("unavailable", "The database cannot be reached; try again."),
}
"""Code and message of the example for each status; the example of a 400 shows wrong fields."""
IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": f"A key of your choice, a different one for each action: within 24 hours the same request with the "
    f"same key gets the same response (`{REPLAYED}: true`) and is not done again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
"""A parameter of every POST that takes an API key."""


def complete(app: OpenAPI) -> dict[str, Any]:
    """The document of all registered routes. Each call makes a new one, and `app` keeps none of its parts."""
    for surface in surfaces(app):
        surface.document(app)
    document = app.api_doc
    _add_webhooks(document, app.extensions.get(WEBHOOKS, {}))
    for method, operation in _operations(document):
        if method == "post" and operation.get("security"):
            _add_idempotency_key(operation)
        _show_examples(operation, document["components"]["schemas"])
        _add_csv(operation)
        _add_page(operation)
    # The library adds the error model a second time, under the name of its class; nothing refers to that one.
    document["components"]["schemas"].pop(ErrorBody.__name__, None)
    _drop_parts(app)
    return document


def describe_webhooks(app: Flask, messages: Mapping[str, Callable[[], type[BaseModel]]]) -> None:
    """Let the document describe the requests that this server sends: the model of the body by event type.

    The models are made when the document is.
    """
    app.extensions[WEBHOOKS] = messages


def _add_webhooks(document: dict[str, Any], messages: Mapping[str, Callable[[], type[BaseModel]]]) -> None:
    schemas = document["components"]["schemas"]
    document["webhooks"] = {}
    for name, make in messages.items():
        model = make()
        made = model.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
        schema = {keyword: value for keyword, value in made.items() if keyword != "$defs"}
        for inner, described in made.get("$defs", {}).items():
            schemas.setdefault(inner, described)
        schemas[model.__name__] = schema
        body = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}, "example": example_of(schema, schemas)}
        document["webhooks"][name] = {
            "post": {
                "summary": model.__doc__,
                "requestBody": {"content": {"application/json": body}, "required": True},
                "responses": {"200": {"description": "Every status of 2xx accepts the message."}},
            }
        }


def _drop_parts(app: OpenAPI) -> None:
    app.spec_json, app.paths, app.components_schemas, app.tags = {}, {}, {}, []
    app.spec.paths, app.spec.tags, app.components.schemas = {}, None, None


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in document["paths"].values():
        yield from item.items()


def _add_csv(operation: dict[str, Any]) -> None:
    header = operation.pop(EXTENSION, None)
    if header is not None:
        shown = {"schema": {"type": "string", "description": "All pages, with these columns."}, "example": header}
        operation["responses"]["200"]["content"][CSV] = shown


def _add_page(operation: dict[str, Any]) -> None:
    description = operation.pop(HTML_EXTENSION, None)
    if description is not None:
        operation["responses"]["200"]["content"][HTML] = {"schema": {"type": "string", "description": description}}


def _show_examples(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    for body in operation.get("requestBody", {}).get("content", {}).values():
        body["example"] = example_of(body["schema"], schemas, is_request=True)
    for status, response in operation["responses"].items():
        for body in response.get("content", {}).values():
            code, message = REFUSALS.get(status, (None, None))
            refused = {"error": {"code": code, "message": message, "param": None}}
            is_ours = code is not None and body.get("schema") != CLIENT_ERROR
            body["example"] = refused if is_ours else example_of(body["schema"], schemas)


def _add_idempotency_key(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    error = operation["responses"]["401"]["content"]
    operation["responses"].setdefault("409", {"description": "Conflict", "content": deepcopy(error)})
