"""Surfaces: blueprints whose routes declare the permission they need in the OpenAPI document.

A route's permission is declared once, as the security requirement of its OpenAPI operation, and enforced from there. So
the document and the enforcement cannot differ; a route without a requirement is public.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from flask import Response
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import BaseModel

from app.http.errors import ErrorBody
from app.views import to_json

SCHEME: Final = "api_key"
PARTNER_SIDE: Final = "Partner side"
SECURITY_SCHEMES: Final[dict[str, Any]] = {
    SCHEME: {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer aff_…`"}
}
ERRORS: Final[dict[int, Any]] = dict.fromkeys((400, 401, 403, 429, 500, 503), ErrorBody)
"""Error answers that any route may have, besides its own."""
ALIASES: Final = (("get", "/commissions"), ("get", "/partners/<partner_id>/commissions"))
"""Paths with the same answers as the same paths under `/api/v1`."""
METHODS: Final = ("get", "post", "put", "patch", "delete")


def surface(name: str, import_name: str, description: str, blueprint: str = "") -> APIBlueprint:
    """A blueprint for routes with an API key, listed in the document under `name`.

    `blueprint` is its name in Flask, needed if several packages have routes under one `name`.
    """
    return APIBlueprint(
        blueprint or name,
        import_name,
        abp_tags=[Tag(name=name, description=description)],
        abp_responses={str(status): body for status, body in ERRORS.items()},
        operation_id_callback=operation_id,
    )


def operation_id(*, name: str, path: str, method: str) -> str:
    """The name of an operation in the document, and so in generated clients: the view's, e.g. `list_partners`.

    A view that also answers without the prefix `/api/v1` has a second operation for that path.
    """
    return f"{name}_without_prefix" if (method.lower(), path) in ALIASES else name


def needs(permission: str) -> list[dict[str, list[str]]]:
    """The security requirement of a route that needs a key with `permission`."""
    return [{SCHEME: [permission]}]


def permissions(app: OpenAPI) -> dict[str, str]:
    """The permission of each endpoint, by its name in Flask; public endpoints have no entry."""
    needed: dict[tuple[str, str], str] = dict(_declared(app))
    by_endpoint: dict[str, str] = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule.rule)
        for method in METHODS:
            if method.upper() in (rule.methods or ()) and (path, method) in needed:
                by_endpoint[rule.endpoint] = needed[path, method]
    return by_endpoint


class Answer(Response):
    """A response with a view as JSON; the view itself is needed to store the answer without secrets."""

    def __init__(self, view: BaseModel, status: int) -> None:
        super().__init__(to_json(view), status=status, mimetype="application/json")
        self.view = view


def answer(view: BaseModel, status: int = 200) -> Response:
    """A response with the view as JSON, in the casing of its surface."""
    return Answer(view, status)


def _declared(app: OpenAPI) -> Iterator[tuple[tuple[str, str], str]]:
    for path, item in app.paths.items():
        for method in METHODS:
            operation = getattr(item, method, None)
            for requirement in (operation.security or ()) if operation else ():
                yield (path, method), requirement[SCHEME][0]
