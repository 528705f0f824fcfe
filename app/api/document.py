"""The OpenAPI document, with what holds for every operation of a kind said at each."""

from collections.abc import Iterator
from typing import Any, Final

from flask_openapi3 import OpenAPI

from app.api.errors import ErrorBody
from app.api.idempotency import HEADER, REPLAYED

ERROR: Final = {"$ref": f"#/components/schemas/{ErrorBody.model_config['title']}"}
IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": f"Of your choice, once for each thing to be done: within 24 hours the same request under the same "
    f"key is answered as before (`{REPLAYED}: true`) and not done again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
"""A parameter of every POST that takes an API key."""


def complete(app: OpenAPI) -> dict[str, Any]:
    """The document of all routes registered, made once for each application."""
    document: dict[str, Any] | None = app.extensions.get("accrual_document")
    if document is None:
        document = app.api_doc
        for method, operation in _operations(document):
            if method == "post" and operation.get("security"):
                _may_be_sent_again(operation)
        app.extensions["accrual_document"] = document
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in document["paths"].values():
        yield from item.items()


def _may_be_sent_again(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    conflict = {"description": "Conflict", "content": {"application/json": {"schema": ERROR}}}
    operation["responses"].setdefault("409", conflict)
