"""Every route called with keys of test and of live mode: a key meets money of its own mode only."""

import pytest
from flask import Flask

from app.config import Settings
from tests.cast import Merchant

from .calls import assert_no_money, call
from .stored import money_state
from .table import Route, expected
from .world import build


@pytest.mark.parametrize("livemode", [False, True], ids=["test money", "live money"])
def test_a_key_of_the_other_mode_sees_and_changes_none_of_the_money(
    application: Flask, settings: Settings, merchant: Merchant, guarded: list[Route], livemode: bool
) -> None:
    """The shop's own keys, and Ada's: what belongs to no mode is theirs to see and change, money of one mode is not."""
    world = build(application, settings, merchant, livemode=livemode)
    before = money_state(world)
    assert len(before) > 12
    for who in ("owner", "ada"):
        for route in guarded:
            answer = call(world.by_mode[who, not livemode], world, route, application)
            assert_no_money(world, who, route, answer)
            assert money_state(world) == before, (who, route.name)


@pytest.mark.parametrize("livemode", [False, True], ids=["test money", "live money"])
def test_a_key_of_the_same_mode_sees_the_money(
    application: Flask, settings: Settings, merchant: Merchant, guarded: list[Route], livemode: bool
) -> None:
    world = build(application, settings, merchant, livemode=livemode)
    shown: set[str] = set()
    for route in guarded:
        if route.only_reads:
            answer = call(world.by_mode["owner", livemode], world, route, application)
            assert answer.status_code in expected("owner", route), (route.name, answer.text)
            shown |= {one for one in world.money if one in answer.text}
    assert shown == world.money
