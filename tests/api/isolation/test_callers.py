"""Every route called with every kind of key: each is answered as the table says, learns nothing, and changes nothing.

The routes are those of the application, so a new one is tried out as soon as it is wired.
"""

import re

import pytest
from flask import Flask

from .calls import assert_nothing_revealed, call
from .stored import rows_by_partner, state
from .table import PARTNERS, PUBLIC, READ, WRITTEN_BY_PARTNERS, Route, expected
from .world import World

KEYS_OF_THE_SHOP = ("anonymous", "malformed", "revoked", "browser", "reader", "owner", "mother")
OUTSIDERS = ("stranger", "sister", "daughter", "ada", "ben", "newcomer", "promoted")


def test_every_route_takes_a_key_or_is_listed_as_public(routes: list[Route], world: World, application: Flask) -> None:
    public = [route for route in routes if route.permission is None]
    assert {route.name for route in public} == PUBLIC.keys()
    for route in public:
        path = re.sub(r"<[^>]+>", "nothing", route.rule)
        answer = world.callers["anonymous"].call(route.method, path, **({} if route.method == READ else {"json": {}}))
        assert answer.status_code == PUBLIC[route.name], (route.name, answer.text)
        assert_nothing_revealed(world, "anonymous", route, answer)


@pytest.mark.parametrize("group", [KEYS_OF_THE_SHOP, OUTSIDERS])
def test_every_caller_gets_the_status_of_the_table(
    world: World, guarded: list[Route], application: Flask, group: tuple[str, ...]
) -> None:
    """The shop's own keys only read here; the next tests try what its mother's key may write."""
    before = state(world)
    for who in group:
        for route in guarded:
            if who in ("owner", "mother") and not route.only_reads:
                continue
            answer = call(world.callers[who], world, route, application)
            assert answer.status_code in expected(who, route), (who, route.name, answer.text)
            assert_nothing_revealed(world, who, route, answer)
        now = state(world)
        changed = {table for table in before.keys() | now.keys() if before.get(table) != now.get(table)}
        assert changed <= (WRITTEN_BY_PARTNERS if who in PARTNERS else frozenset()), who
        before = now


def test_scope_grants_only_its_own_routes(world: World, guarded: list[Route], application: Flask) -> None:
    before = state(world)
    for route in guarded:
        assert route.permission is not None
        other = "events:read" if route.permission != "events:read" else "runs:read"
        refused = call(world.scoped[other], world, route, application)
        assert refused.status_code in expected("scoped otherwise", route), (other, route.name, refused.text)
        if route.only_reads:
            opened = call(world.scoped[route.permission], world, route, application)
            assert opened.status_code in expected("owner", route), (route.name, opened.text)
    assert state(world) == before


def test_a_manage_key_of_the_shop_may_do_everything_in_it(
    world: World, guarded: list[Route], application: Flask
) -> None:
    for route in guarded:
        if not route.only_reads and route.parameters:
            answer = call(world.callers["mother"], world, route, application)
            assert answer.status_code in expected("mother", route), (route.name, answer.text)


def test_a_partner_changes_rows_about_itself_only(world: World, guarded: list[Route], application: Flask) -> None:
    """Of tables that say which partner a row is about; others are changed only where `WRITTEN_BY_PARTNERS` has them."""
    before = rows_by_partner(world)
    for route in guarded:
        if route.is_partner_side and not route.only_reads:
            call(world.callers["ada"], world, route, application)
    after, ada = rows_by_partner(world), world.shop.partners["ada"]
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert {partner_id for _, partner_id in changed} == {None, ada}
    assert {table for table, _ in changed} <= WRITTEN_BY_PARTNERS
    assert ("payout_methods", ada) in changed
