"""The lively example of `accrual demo --keep`."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from app.cli.demo.example import past, people, sales
from app.config import Settings
from tests import example
from tests.conftest import assert_ledger_sound
from tests.ledger_clock import ledger_clock
from tests.servers import Servers

NOW = datetime(2026, 11, 29, 10, tzinfo=UTC)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As everywhere, with payouts switched on."""
    return settings.model_copy(update={"payouts_live": True})


def test_example_has_everything_that_a_console_shows(
    application: Flask, settings: Settings, servers: Servers, database_url: str
) -> None:
    with ledger_clock(servers, database_url) as clock:
        shop, made = example.make(application, settings, clock)
    assert_ledger_sound()
    payments = {one["outcome"] for one in shop.call("GET", "/api/v1/payments?limit=100")["data"]}
    assert payments >= {"accrued", "adjusted", "unattributed", "unknown_code", "held", "self_referral"}
    assert [one["reason"] for one in shop.call("GET", "/api/v1/events?outcome=parked")["data"]]
    programs = f"/v1/admin/affiliate/programs/{made.program_id}"
    assert {one["status"] for one in shop.call("GET", f"{programs}/payouts")["data"]} == {"paid", "failed"}
    agencies = f"/v1/admin/affiliate/programs/{made.agencies_id}"
    assert {one["status"] for one in shop.call("GET", f"{agencies}/payouts")["data"]} == {"pending"}
    assert [one["email"] for one in shop.call("GET", f"{programs}/affiliates?status=pending")["data"]] == [
        people.APPLICANT["email"]
    ]
    statements = shop.call("GET", f"/api/v1/partners/{made.partner_ids['ada']}/statements")["data"]
    assert len(statements) == past.MONTHS


def test_same_time_gives_the_same_events() -> None:
    begins_at = past.beginning(NOW)
    assert begins_at == datetime(2026, 6, 1, tzinfo=UTC)
    assert sales.events(begins_at, NOW) == sales.events(begins_at, NOW)
    assert past.beginning(datetime(2026, 3, 15, tzinfo=UTC)) == datetime(2025, 10, 1, tzinfo=UTC)
