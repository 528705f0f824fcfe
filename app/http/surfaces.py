"""Surfaces: blueprints whose routes declare the permission they need in the OpenAPI document.

A route's permission is declared once, as the security requirement of its OpenAPI operation, and enforced from there. So
the document and the enforcement cannot differ; a route without a requirement is public.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from flask import Flask, Response
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from flask_openapi3.types import ParametersTuple
from pydantic import BaseModel

from app.http.errors import ErrorBody
from app.immutable import immutable
from app.views import to_json

SCHEME: Final = "api_key"
CLIENT_KEY: Final = "client_key"
SESSION_TOKEN: Final = "session_token"  # noqa: S105 - the name of a scheme
PARTNER_SIDE: Final = "Partner side"
SECURITY_SCHEMES: Final[dict[str, Any]] = {
    SCHEME: {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer aff_…`"},
    CLIENT_KEY: {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "A client key: `rfk_…`"},
    SESSION_TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A session token of an app user, signed with the client key's secret.",
    },
}
APP_USER: Final[list[dict[str, list[str]]]] = [{CLIENT_KEY: [], SESSION_TOKEN: []}]
"""The security requirement of a route for app users."""
ERRORS: Final = ("400", "401", "403", "429", "500", "503")
"""Error responses that any route may have, besides its own."""
ALIASES: Final = (("get", "/commissions"), ("get", "/partners/<partner_id>/commissions"))
"""Paths with the same responses as the same paths under `/api/v1`."""


@immutable
class Operation:
    """A route as its decorator declares it: path, view, and the arguments of flask-openapi3."""

    rule: str
    view: Callable[..., Any]
    declared: Mapping[str, Any]

    @property
    def permission(self) -> str | None:
        """The permission that a key needs for it; None: it takes no API key."""
        required = self.declared["security"] or ()
        return next((requirement[SCHEME][0] for requirement in required if SCHEME in requirement), None)


class Surface(APIBlueprint):
    """A blueprint whose part of the OpenAPI document is made when the document is read for the first time.

    flask-openapi3 makes it at the import, which took a sixth of the start of a web process, and 7 MB of its memory.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.operations: list[Operation] = []

    def _collect_openapi_info(self, rule: str, func: Callable[..., Any], **declared: Any) -> ParametersTuple:
        self.operations.append(Operation(rule, func, declared))
        parameters: ParametersTuple = super()._collect_openapi_info(rule, func, **{**declared, "doc_ui": False})
        return parameters

    def document(self, app: OpenAPI) -> None:
        """Add tags, paths and schemas to the document of `app`, and keep none of them."""
        for operation in self.operations:
            super()._collect_openapi_info(operation.rule, operation.view, **operation.declared)
        app.tags += [tag for tag in self.tags if tag.name not in {known.name for known in app.tags}]
        app.paths.update(self.paths)
        app.components_schemas.update(self.components_schemas)
        self.tags, self.tag_names, self.paths, self.components_schemas = [], [], {}, {}


def surface(
    name: str, import_name: str, description: str, blueprint: str = "", *, error: type[BaseModel] = ErrorBody
) -> Surface:
    """A blueprint of routes, listed in the document under `name`.

    `blueprint` is its name in Flask, needed if several packages have routes under one `name`; `error` is the body of
    its error responses.
    """
    return Surface(
        blueprint or name,
        import_name,
        abp_tags=[Tag(name=name, description=description)],
        abp_responses=dict.fromkeys(ERRORS, error),
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


def surfaces(app: Flask) -> list[Surface]:
    """Every surface registered in `app`, in the order of registration."""
    return [blueprint for blueprint in app.blueprints.values() if isinstance(blueprint, Surface)]


def permissions(app: Flask) -> dict[str, str]:
    """The permission of each endpoint, by its name in Flask; public endpoints have no entry."""
    needed = dict(_declared(app))
    return {
        rule.endpoint: needed[method, rule.rule]
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if (method, rule.rule) in needed
    }


def for_app_users(app: Flask) -> frozenset[str]:
    """The endpoints of routes for app users, by their names in Flask."""
    declared = {
        (operation.declared["method"], operation.rule)
        for blueprint in surfaces(app)
        for operation in blueprint.operations
        if operation.declared["security"] == APP_USER
    }
    return frozenset(
        rule.endpoint
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if (method, rule.rule) in declared
    )


class ViewResponse(Response):
    """A view as JSON in the casing of its surface; the view itself is needed to store the response without secrets."""

    def __init__(self, view: BaseModel, status: int = 200) -> None:
        super().__init__(to_json(view), status=status, mimetype="application/json")
        self.view = view


def _declared(app: Flask) -> Iterator[tuple[tuple[str, str], str]]:
    """Method and path of each operation that needs a key, with the permission."""
    for blueprint in surfaces(app):
        for operation in blueprint.operations:
            if operation.permission is not None:
                yield (operation.declared["method"], operation.rule), operation.permission
