"""Surfaces: blueprints whose routes state what they need, in the very document that describes them.

A route's permission is written once, as the security requirement of its OpenAPI operation; admission reads it back
from there. So what the document says is what is enforced, and a route that says nothing is a public one.
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
"""How any route may end beside its own answers."""
ALIASES: Final = (("get", "/commissions"), ("get", "/partners/<partner_id>/commissions"))
"""Paths that answer like their namesakes under `/api/v1`."""
METHODS: Final = ("get", "post", "put", "patch", "delete")


def surface(name: str, import_name: str, description: str, blueprint: str = "") -> APIBlueprint:
    """A blueprint for routes that take an API key, listed in the document under its name.

    `blueprint` is a name of its own where several packages have routes under one `name`.
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
    """The security requirement of a route whose caller's key must allow `permission`."""
    return [{SCHEME: [permission]}]


def permissions(app: OpenAPI) -> dict[str, str]:
    """What each endpoint needs, by Flask's name for it; public ones are missing."""
    needed: dict[tuple[str, str], str] = dict(_stated(app))
    found: dict[str, str] = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule.rule)
        for method in METHODS:
            if method.upper() in (rule.methods or ()) and (path, method) in needed:
                found[rule.endpoint] = needed[path, method]
    return found


class Answer(Response):
    """A model's JSON, with the model itself for whoever keeps the answer."""

    def __init__(self, told: BaseModel, status: int) -> None:
        super().__init__(to_json(told), status=status, mimetype="application/json")
        self.told = told


def answer(body: BaseModel, status: int = 200) -> Response:
    """The body as JSON in its surface's casing."""
    return Answer(body, status)


def _stated(app: OpenAPI) -> Iterator[tuple[tuple[str, str], str]]:
    for path, item in app.paths.items():
        for method in METHODS:
            operation = getattr(item, method, None)
            for requirement in (operation.security or ()) if operation else ():
                yield (path, method), requirement[SCHEME][0]
