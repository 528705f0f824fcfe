"""An event's story: what it named, what it belongs to, what it moved, what it waits for, why it failed."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from app import db
from app.stripe_events import inbox
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks, Purchase
from tests.stripe_stories.families import ACACIA, CLOVER

from .conftest import Caller


@pytest.fixture
def cleo() -> Customer:
    return Customer(CLOVER, Marks(subscription="ada"))


@pytest.fixture
def first(cleo: Customer, deliver: Deliver, drain: Drain) -> Purchase:
    purchase = cleo.subscribes()
    deliver(purchase.events)
    drain()
    return purchase


def story(caller: Caller, event: dict[str, Any]) -> Any:
    return caller.get(f"/api/v1/events/{event['id']}").json


def test_an_event_is_explained_with_names_links_and_what_it_moved(owner: Caller, first: Purchase) -> None:
    explanation = story(owner, first.event("invoice.paid"))
    assert {(name["object_id"], name["name"]) for name in explanation["names"]} == {(first.subscription, "ada")}
    assert {first.payment_intent, first.charge} <= {one["id"] for one in explanation["linked"]}
    assert [one["entry"]["kind"] for one in explanation["moved"]] == ["accrual"]
    assert len(explanation["payments"]) == 1
    sentences = " ".join(explanation["sentences"])
    assert f"invoice.paid {explanation['id']} about {first.invoice}" in sentences
    assert "test mode" in sentences
    assert "partner_accrued -9.80 USD" in sentences


@pytest.mark.usefixtures("first")
def test_explanation_for_a_key_without_financial_scope_has_no_amounts(reader: Caller, first: Purchase) -> None:
    explanation = story(reader, first.event("invoice.paid"))
    assert (explanation["payments"], explanation["moved"]) == (None, None)
    assert "9.80" not in " ".join(explanation["sentences"])


def test_a_waiting_event_shows_what_it_waits_for_and_since_when(
    owner: Caller, cleo: Customer, deliver: Deliver, drain: Drain
) -> None:
    refund = cleo.is_refunded(cleo.subscribes(), 1000).events[0]
    deliver([refund])
    drain()
    explanation = story(owner, refund)
    assert (explanation["outcome"], explanation["waiting_for"]) == (
        "waiting",
        "the payment that was refunded or disputed",
    )
    assert explanation["waiting_since"] == explanation["processed_at"]
    assert "It has waited since" in " ".join(explanation["sentences"])


def test_a_failing_event_shows_its_attempts_and_the_next_one(owner: Caller, first: Purchase) -> None:
    event = first.event("invoice.paid")
    problem = json.dumps({"problem": "exception", "error": "KeyError", "place": "worker.x:7"})
    _set(event, f"processed_at = NULL, outcome = NULL, attempts = 3, last_error = '{problem}'")
    explanation = story(owner, event)
    assert (explanation["attempts"], explanation["last_error"]) == (3, "KeyError at worker.x:7")
    assert explanation["next_attempt_at"] is not None
    assert "It failed 3 times and is tried again at" in " ".join(explanation["sentences"])
    assert "The last error: KeyError at worker.x:7." in " ".join(explanation["sentences"])


def test_a_parked_event_shows_its_error_and_what_to_do(
    owner: Caller, cleo: Customer, deliver: Deliver, drain: Drain
) -> None:
    broken = cleo.subscribes().event("invoice.paid")
    del broken["data"]["object"]["total"]
    deliver([broken])
    drain()
    explanation = story(owner, broken)
    [listed] = owner.get("/api/v1/events", outcome="parked").json["data"]
    assert explanation["outcome"] == "parked"
    assert listed["last_error"] == explanation["last_error"] is not None
    assert f"`accrual events replay {broken['id']}`" in " ".join(explanation["sentences"])


def test_an_event_in_two_versions_shows_both_deliveries(
    owner: Caller, cleo: Customer, first: Purchase, deliver: Deliver, drain: Drain
) -> None:
    event = first.event("invoice.paid")
    older = Customer(ACACIA, Marks(subscription="ada"), token=cleo.token).subscribes().event("invoice.paid")
    deliver([{**older, "id": event["id"]}])
    drain()
    explanation = story(owner, event)
    assert explanation["api_version"] == "2025-02-24.acacia"
    [other] = explanation["deliveries"]
    assert other["api_version"] == "2025-11-17.clover"
    assert (other["outcome"], explanation["outcome"]) == ("accrued", "no_change")
    assert any("2025-11-17.clover" in sentence for sentence in explanation["sentences"])
    assert [one["entry"]["kind"] for one in explanation["moved"]] == ["accrual"]
    shown = owner.get(f"/api/v1/events/{other['inbox_id']}").json
    assert [one["inbox_id"] for one in shown["deliveries"]] == [explanation["inbox_id"]]
    assert shown["endpoint_id"].startswith("whe_")


def _set(event: dict[str, Any], changes: str) -> None:
    with db.transaction() as session:
        changed = text(f"UPDATE stripe_events SET {changes} WHERE stripe_id = :id RETURNING id")
        inbox.make_due(session, session.scalars(changed, {"id": event["id"]}).all())


def test_an_event_sent_under_many_accounts_and_versions_is_explained_in_bounds(
    owner: Caller, first: Purchase, deliver: Deliver
) -> None:
    """Who knows a test endpoint's secret can repeat an event under any number of versions, accounts and ids."""
    event = first.event("invoice.paid")
    deliver({**event, "api_version": f"version-{number}"} for number in range(30))
    deliver({**event, "account": f"acct_{number:03}"} for number in range(30))
    deliver({**event, "id": f"{event['id']}_{number}"} for number in range(210))
    explanation = story(owner, event)
    assert len(explanation["deliveries"]) == 20
    [payment] = owner.get("/api/v1/payments").json["data"]
    of_payment = owner.get(f"/api/v1/payments/{payment['id']}/explanation").json
    assert len(of_payment["events"]) == 200
    objects = owner.get("/api/v1/explanations", id=first.invoice).json["objects"]
    assert len(objects) == 20
    assert objects[0]["account"] is None
    assert {len(stored["events"]) for stored in objects} == {1, 20}
