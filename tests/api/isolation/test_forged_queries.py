"""Every route called with queries that forgot whose rows they may touch: row-level security alone protects them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import db
from app.config import Settings
from app.organizations import access
from app.organizations.permissions import Caller as KeyHolder
from tests.cast import Merchant

from .calls import assert_no_money, assert_nothing_revealed, call
from .stored import money_state, state
from .table import Route, expected
from .world import OF_ONE_MODE, World, build


def test_with_every_where_forged_row_security_alone_still_shows_nothing(
    world: World, guarded: list[Route], application: Flask, every_where_forged: None
) -> None:
    before = state(world)
    for route in guarded:
        answer = call(world.callers["stranger"], world, route, application)
        assert answer.status_code in expected("stranger", route), (route.name, answer.text)
        assert_nothing_revealed(world, "stranger", route, answer)
    assert state(world) == before


@pytest.mark.parametrize("livemode", [False, True], ids=["test money", "live money"])
def test_with_every_mode_forged_row_security_alone_still_shows_no_money_of_the_other_mode(
    application: Flask,
    settings: Settings,
    merchant: Merchant,
    guarded: list[Route],
    monkeypatch: pytest.MonkeyPatch,
    livemode: bool,
) -> None:
    """Each query has the mode of the money; only row-level security has the key's, which is the other one."""
    world = build(application, settings, merchant, livemode=livemode)
    real = access.identify

    @contextmanager
    def narrowed(caller: KeyHolder) -> Iterator[Session]:
        with db.web_transaction() as session:
            db.narrow_to_organizations(session, caller.organization_ids, livemode=not livemode)
            yield session

    monkeypatch.setattr(access, "identify", lambda header: replace(real(header), livemode=livemode))
    monkeypatch.setattr(access, "transaction", narrowed)
    before = money_state(world)
    for route in guarded:
        if route.is_partner_side:
            continue
        if not route.only_reads and not OF_ONE_MODE & set(route.parameters):
            continue
        answer = call(world.by_mode["owner", not livemode], world, route, application)
        assert_no_money(world, "owner", route, answer)
    assert money_state(world) == before
