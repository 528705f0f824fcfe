"""Programs that count events or entitlements: what a report without an amount earns."""

from collections.abc import Mapping
from typing import Any

import pytest

from app import db, ids
from app.programs.models import Program
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

from .conftest import Caller

SIGNUP = {"event_name": "signup"}


@pytest.fixture
def commission() -> Mapping[str, Any]:
    return {"type": "flat", "amount_cents": 500}


@pytest.fixture
def route(merchant: Merchant) -> str:
    """Where sign-ups are reported, five dollars each."""
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        program.conversion_kind, program.conversion_event_name = "event", "signup"
    return f"/v1/admin/affiliate/programs/{ids.encode(ids.PROGRAM, merchant.program_id)}/conversions"


@pytest.fixture
def ada(merchant: Merchant) -> str:
    return ids.encode(ids.AFFILIATE, merchant.partners["ada"])


def test_an_event_without_an_amount_earns_the_fixed_amount(owner: Caller, ada: str, route: str, ledger: Ledger) -> None:
    made = owner.post(route, {"affiliate_id": ada, "external_id": "user-42", **SIGNUP})
    assert (made.status_code, made.json["commissionCents"], made.json["amountCents"]) == (201, 500, 0)
    assert owner.post(route, {"affiliate_id": ada, "external_id": "user-42", **SIGNUP}).status_code == 200
    assert owner.post(route, {"affiliate_id": ada, "external_id": "user-43", **SIGNUP}).status_code == 201
    assert ledger().balances == owed(ada=1000)
    [_, listed] = owner.get(route).json["data"]
    assert listed == made.json
    explanation = "\n".join(explained(owner))
    assert "event signup" in explanation
    assert "it was reported without an amount" in explanation


def test_rejecting_an_approved_conversion_reverses_it(owner: Caller, ada: str, route: str, ledger: Ledger) -> None:
    made = owner.post(route, {"affiliate_id": ada, **SIGNUP}).json["id"]
    refused = owner.post(f"/api/v1/conversions/{made}/refunds", {"amount_cents": 1})
    assert (refused.status_code, refused.json["error"]["param"]) == (400, "amount_cents")
    assert owner.post(f"{route}/{made}/reject", {"reason": "a robot"}).json["commissionCents"] == 0
    assert ledger().balances == {}
    assert owner.post(f"{route}/{made}/approve").json["commissionCents"] == 500


def test_a_fixed_amount_stays_until_all_the_money_is_returned(
    owner: Caller, ada: str, route: str, ledger: Ledger
) -> None:
    made = owner.post(route, {"affiliate_id": ada, "amount_cents": 4900, **SIGNUP}).json["id"]
    refunds = f"/api/v1/conversions/{made}/refunds"
    assert owner.post(refunds, {"amount_cents": 4899}).json["commissionCents"] == 500
    assert owner.post(refunds, {"amount_cents": 1}).json["commissionCents"] == 0
    assert ledger().balances == {}


def test_a_fixed_amount_is_paid_in_its_own_currency_only(owner: Caller, ada: str, route: str) -> None:
    made = owner.post(route, {"affiliate_id": ada, "currency": "eur", **SIGNUP})
    assert (made.status_code, made.json["commissionCents"], made.json["status"]) == (201, 0, "rejected")
    assert len(owner.get("/api/v1/payments", outcome="currency_mismatch").json["data"]) == 1


def test_the_program_takes_nothing_from_stripe(
    owner: Caller, route: str, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    deliver(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
    drain()
    assert ledger().balances == {}
    [payment] = owner.get("/api/v1/payments").json["data"]
    assert payment["outcome"] == "kind_mismatch"


def explained(owner: Caller) -> list[str]:
    [*_, first] = owner.get("/api/v1/commissions").json["commissions"]
    return list(owner.get(f"/api/v1/commissions/{first['id']}/explanation").json["sentences"])
