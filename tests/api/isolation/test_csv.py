"""Every list as CSV, called with every kind of key: it answers as its JSON does and reveals nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import db
from app.http.csv_lists import CSV
from app.organizations import access
from app.organizations.permissions import Caller as KeyHolder

from .calls import assert_nothing_revealed, call, operation_of
from .stored import state
from .table import Route, expected
from .world import World


@pytest.fixture
def lists(guarded: list[Route], application: Flask) -> list[Route]:
    """The routes that the document says answer CSV."""
    reading = [route for route in guarded if route.only_reads]
    return [
        route for route in reading if CSV in operation_of(application, route)["responses"]["200"].get("content", {})
    ]


def test_every_caller_gets_the_status_of_the_table(world: World, lists: list[Route], application: Flask) -> None:
    assert len(lists) > 10
    before = state(world)
    for who, caller in world.callers.items():
        for route in lists:
            answer = call(caller, world, route, application, accept=CSV)
            assert answer.status_code in expected(who, route), (who, route.name, answer.text)
            assert (answer.headers["Content-Type"].partition(";")[0] == CSV) is (answer.status_code == 200)
            assert_nothing_revealed(world, who, route, answer)
    assert state(world) == before


def test_with_every_where_forged_row_security_alone_still_shows_nothing(
    world: World, lists: list[Route], application: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    every_organization = tuple(world.organization_ids.values())
    real = access.identify

    def believing(authorization: str | None) -> KeyHolder:
        caller = real(authorization)
        return replace(caller, organization_ids=(caller.organization_id, *every_organization))

    @contextmanager
    def narrowed(caller: KeyHolder) -> Iterator[Session]:
        with db.web_transaction() as session:
            db.narrow_to_organizations(session, [caller.organization_id], livemode=False)
            yield session

    monkeypatch.setattr(access, "identify", believing)
    monkeypatch.setattr(access, "transaction", narrowed)
    for route in lists:
        answer = call(world.callers["stranger"], world, route, application, accept=CSV)
        assert answer.status_code in expected("stranger", route), (route.name, answer.text)
        assert_nothing_revealed(world, "stranger", route, answer)
