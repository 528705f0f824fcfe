"""Every list as CSV, called with every kind of key: it answers as its JSON does and reveals nothing."""

import pytest
from flask import Flask

from app.http.csv_lists import CSV

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
    world: World, lists: list[Route], application: Flask, every_where_forged: None
) -> None:
    for route in lists:
        answer = call(world.callers["stranger"], world, route, application, accept=CSV)
        assert answer.status_code in expected("stranger", route), (route.name, answer.text)
        assert_nothing_revealed(world, "stranger", route, answer)
