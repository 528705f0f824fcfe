"""Every route called by everybody: each is answered as the table says, learns nothing, and changes nothing.

The routes are those of the application, so a new one is tried out as soon as it is wired.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any, cast

import pytest
from flask import Flask
from flask_openapi3 import OpenAPI
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db
from app.config import Settings
from app.http import surfaces
from app.http.document import complete
from app.organizations import access
from app.organizations.permissions import Caller as KeyHolder
from tests.cast import Merchant

from .conftest import Answer, Caller
from .isolation_table import BODIES, MAY_NAME, PUBLIC, VALUES, Route, expected
from .isolation_world import OF_ONE_MODE, World, build, fingerprint, money_fingerprint

READ = "GET"
OUTSIDERS = ("stranger", "sister", "daughter", "ada", "ben", "newcomer", "promoted")


@pytest.fixture
def world(application: Flask, settings: Settings, merchant: Merchant) -> World:
    return build(application, settings, merchant)


@pytest.fixture
def routes(application: Flask) -> list[Route]:
    """Every route that takes a key; those that end things come last, the inner ones before the outer."""
    permissions = surfaces.permissions(application)
    found = [
        Route(method, rule.rule, permissions.get(rule.endpoint), tuple(re.findall(r"<(?:\w+:)?(\w+)>", rule.rule)))
        for rule in application.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    return sorted(found, key=lambda one: (one.method == "DELETE", -len(one.parameters), one.rule, one.method))


@pytest.fixture
def guarded(routes: list[Route]) -> list[Route]:
    return [route for route in routes if route.permission is not None]


def test_every_route_takes_a_key_or_is_listed_as_public(routes: list[Route], world: World, application: Flask) -> None:
    public = [route for route in routes if route.permission is None]
    assert {route.name for route in public} == PUBLIC.keys()
    for route in public:
        path = re.sub(r"<[^>]+>", "nothing", route.rule)
        answer = world.callers["anonymous"].call(route.method, path, **({} if route.method == READ else {"json": {}}))
        assert answer.status_code == PUBLIC[route.name], (route.name, answer.text)
        assert_nothing_revealed(world, "anonymous", route, answer)


@pytest.mark.parametrize("group", [("anonymous", "malformed", "revoked", "reader", "owner", "mother"), OUTSIDERS])
def test_every_caller_gets_the_status_of_the_matrix(
    world: World, guarded: list[Route], application: Flask, group: tuple[str, ...]
) -> None:
    """The shop's own keys only read here; what those of its mother may write is tried out further below."""
    before = _state(world)
    for who in group:
        for route in guarded:
            if who in ("owner", "mother") and route.method != READ:
                continue
            answer = call(world.callers[who], world, route, application)
            assert answer.status_code in expected(who, route), (who, route.name, answer.text)
            assert_nothing_revealed(world, who, route, answer)
        assert _state(world) == before, who


def test_a_scope_opens_what_it_names_and_nothing_else(world: World, guarded: list[Route], application: Flask) -> None:
    before = _state(world)
    for route in guarded:
        assert route.permission is not None
        other = "events:read" if route.permission != "events:read" else "runs:read"
        refused = call(world.scoped[other], world, route, application)
        assert refused.status_code in expected("scoped otherwise", route), (other, route.name, refused.text)
        if route.method == READ:
            opened = call(world.scoped[route.permission], world, route, application)
            assert opened.status_code in expected("owner", route), (route.name, opened.text)
    assert _state(world) == before


def test_a_manage_key_of_the_shop_may_do_everything_in_it(
    world: World, guarded: list[Route], application: Flask
) -> None:
    for route in guarded:
        if route.method != READ and route.parameters:
            answer = call(world.callers["mother"], world, route, application)
            assert answer.status_code in expected("mother", route), (route.name, answer.text)


def test_every_write_leaves_an_entry_in_the_audit_trail(world: World, guarded: list[Route], application: Flask) -> None:
    """Found by what is in the tables afterwards, so that a route cannot write and be forgotten."""
    written = []
    for route in guarded:
        if route.method == READ:
            continue
        before, entries = _state(world), _count_audit_entries()
        answer = call(world.callers["owner"], world, route, application)
        after = _state(world)
        if {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}:
            assert answer.status_code in {200, 201}, (route.name, answer.text)
            assert _count_audit_entries() > entries, route.name
            written.append(route.name)
    assert len(written) > len([route for route in guarded if route.method != READ]) / 2, written


def test_nothing_of_others_can_be_named_in_a_body_or_a_query(
    world: World, guarded: list[Route], application: Flask
) -> None:
    """The shop names the stranger's program, partner or organization wherever a field takes one."""
    tried = 0
    with db.transaction() as session:
        before = fingerprint(session, world.organization_ids["stranger"])
    for route in guarded:
        for name in sorted(_fields(application, route) & world.foreign.keys()):
            if (route.name, name) in MAY_NAME:
                continue
            answer = call(world.callers["owner"], world, route, application, **{name: world.foreign[name]})
            refused = {400, 404} if route.method != READ else {200, 404}
            assert answer.status_code in refused, (route.name, name, answer.text)
            assert world.foreign[name].rpartition("_")[2] not in answer.text, (route.name, name)
            tried += 1
    with db.transaction() as session:
        assert fingerprint(session, world.organization_ids["stranger"]) == before
    assert tried > 5


def test_with_every_where_forged_row_security_alone_still_shows_nothing(
    world: World, guarded: list[Route], application: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stranger's requests believe that they may touch every organization; only Postgres knows better."""
    everybody = tuple(world.organization_ids.values())
    real = access.identify

    def believing(authorization: str | None) -> KeyHolder:
        caller = real(authorization)
        return replace(caller, organization_ids=(caller.organization_id, *everybody))

    @contextmanager
    def narrowed(caller: KeyHolder) -> Iterator[Session]:
        with db.web_transaction() as session:
            db.narrow_to_organizations(session, [caller.organization_id], livemode=False)
            yield session

    monkeypatch.setattr(access, "identify", believing)
    monkeypatch.setattr(access, "transaction", narrowed)
    before = _state(world)
    for route in guarded:
        answer = call(world.callers["stranger"], world, route, application)
        assert answer.status_code in expected("stranger", route), (route.name, answer.text)
        assert_nothing_revealed(world, "stranger", route, answer)
    assert _state(world) == before


@pytest.mark.parametrize("livemode", [False, True], ids=["test money", "live money"])
def test_a_key_of_the_other_mode_sees_and_changes_none_of_the_money(
    application: Flask, settings: Settings, merchant: Merchant, guarded: list[Route], livemode: bool
) -> None:
    """The shop's own keys, and Ada's: what belongs to no mode is theirs to see and change, money of one mode is not."""
    world = build(application, settings, merchant, livemode=livemode)
    before = _money(world)
    assert len(before) > 12
    for who in ("owner", "ada"):
        for route in guarded:
            answer = call(world.by_mode[who, not livemode], world, route, application)
            assert_no_money(world, who, route, answer)
            assert _money(world) == before, (who, route.name)


@pytest.mark.parametrize("livemode", [False, True], ids=["test money", "live money"])
def test_a_key_of_the_same_mode_sees_the_money(
    application: Flask, settings: Settings, merchant: Merchant, guarded: list[Route], livemode: bool
) -> None:
    world = build(application, settings, merchant, livemode=livemode)
    shown: set[str] = set()
    for route in guarded:
        if route.method == READ:
            answer = call(world.by_mode["owner", livemode], world, route, application)
            assert answer.status_code in expected("owner", route), (route.name, answer.text)
            shown |= {one for one in world.money if one in answer.text}
    assert shown == world.money


@pytest.mark.parametrize("livemode", [False, True], ids=["test money", "live money"])
def test_with_every_mode_forged_row_security_alone_still_shows_no_money_of_the_other_mode(
    application: Flask,
    settings: Settings,
    merchant: Merchant,
    guarded: list[Route],
    monkeypatch: pytest.MonkeyPatch,
    livemode: bool,
) -> None:
    """Each query has the mode of the money; only Postgres knows that the key is of the other one."""
    world = build(application, settings, merchant, livemode=livemode)
    real = access.identify

    @contextmanager
    def narrowed(caller: KeyHolder) -> Iterator[Session]:
        with db.web_transaction() as session:
            db.narrow_to_organizations(session, caller.organization_ids, livemode=not livemode)
            yield session

    monkeypatch.setattr(access, "identify", lambda header: replace(real(header), livemode=livemode))
    monkeypatch.setattr(access, "transaction", narrowed)
    before = _money(world)
    for route in guarded:
        if route.is_partner_side:
            continue
        if route.method != READ and not OF_ONE_MODE & set(route.parameters):
            continue
        answer = call(world.by_mode["owner", not livemode], world, route, application)
        assert_no_money(world, "owner", route, answer)
    assert _money(world) == before


def assert_no_money(world: World, who: str, route: Route, answer: Answer) -> None:
    """Nothing of the money is shown; where the path names some of it, it is not found."""
    revealed = {one for one in world.money if one in answer.text}
    assert revealed == set(), (who, route.name, answer.text)
    if OF_ONE_MODE & set(route.parameters):
        refused = {403, 404} if who == "ada" else {404}
        assert answer.status_code in refused, (who, route.name, answer.text)


def _money(world: World) -> dict[str, str]:
    with db.transaction() as session:
        return money_fingerprint(session, world.shop.organization_id, livemode=world.livemode)


def call(caller: Caller, world: World, route: Route, application: Flask, **fields: str) -> Answer:
    """Call the route about what the shop has, with `fields` in its query or body."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: _id(world, route, found[1]), route.rule)
    if route.method == READ:
        return _without_echo(caller.get(path, **fields), path, fields)
    body = {**_body(application, world, route), **fields}
    answer = caller.call(route.method, path, **({"json": body} if body else {}))
    return _without_echo(answer, path, body)


def _without_echo(answer: Answer, path: str, sent: dict[str, Any]) -> Answer:
    """A 404 quotes the id that the caller sent; that tells nothing, and any other id would."""
    if answer.status_code != 404:
        return answer
    asked = f"{path} {json.dumps(sent)}"
    text = re.sub(r"'(\w+)' was found", lambda quoted: "was found" if quoted[1] in asked else quoted[0], answer.text)
    return replace(answer, text=text)


def assert_nothing_revealed(world: World, who: str, route: Route, answer: Answer) -> None:
    revealed = {text for text in world.hidden_from(who) if text in answer.text}
    assert revealed == set(), (who, route.name, answer.text)


def _count_audit_entries() -> int:
    with db.transaction() as session:
        return session.scalars(text("SELECT count(*) FROM audit_entries")).one()


def _state(world: World) -> dict[str, str]:
    with db.transaction() as session:
        return fingerprint(session, world.shop.organization_id)


def _id(world: World, route: Route, name: str) -> str:
    if name == "run_id":
        return next(run_id for path, run_id in world.runs.items() if route.rule.startswith(path))
    assert name in world.ids, f"{route.name}: isolation_world.py has no {name}"
    return world.ids[name]


@cache
def _document(application: Flask) -> dict[str, Any]:
    return complete(cast(OpenAPI, application))


def operation(application: Flask, route: Route) -> dict[str, Any]:
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.rule)
    operation: dict[str, Any] = _document(application)["paths"][path][route.method.lower()]
    return operation


def _schema(application: Flask, route: Route) -> dict[str, Any]:
    """The body's schema; empty where it takes none."""
    content = operation(application, route).get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    schemas = _document(application)["components"]["schemas"]
    schema: dict[str, Any] = schemas.get(reference.rpartition("/")[2], {})
    return schema


def _fields(application: Flask, route: Route) -> set[str]:
    """The names of what the query and the body may hold."""
    query = {one["name"] for one in operation(application, route).get("parameters", ()) if one["in"] == "query"}
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
