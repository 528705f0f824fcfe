"""Explanations over the API: they agree with what happened."""

import pytest
from flask.testing import FlaskClient

from app import ids
from tests.cast import Merchant
from tests.conftest import WEBHOOK_SECRET, Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks, Purchase
from tests.stripe_stories.families import OLD_AND_NEW, Family
from tests.stripe_stories.signing import post_signed

from .conftest import Caller, figure


@pytest.fixture(params=OLD_AND_NEW, ids=lambda family: family.name)
def cleo(request: pytest.FixtureRequest) -> Customer:
    """Cleo, whose subscription names Ada."""
    family: Family = request.param
    return Customer(family, Marks(subscription="ada"))


@pytest.fixture
def first(cleo: Customer, deliver: Deliver, drain: Drain) -> Purchase:
    """Her first payment, of which 10.00 of 49.00 went back."""
    purchase = cleo.subscribes()
    deliver(purchase.events + cleo.is_refunded(purchase, 1000).events)
    drain()
    return purchase


@pytest.mark.usefixtures("first")
def test_a_refunded_commission_shows_amount_and_reversal(owner: Caller, merchant: Merchant) -> None:
    [commission] = owner.get("/api/v1/commissions").json["commissions"]
    assert (commission["amount"], commission["reversedAmount"], commission["status"]) == ("9.80", "2.00", "accrued")
    [conversion] = owner.get("/api/v1/conversions").json["data"]
    assert (conversion["amountCents"], conversion["commissionCents"]) == (4900, 780)
    ada = owner.get(f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}").json
    assert ada["stats"]["total_earned_cents"] == ada["stats"]["pending_cents"] == 780


@pytest.mark.usefixtures("first")
def test_explanation_adds_up_to_the_commission(owner: Caller) -> None:
    [commission] = owner.get("/api/v1/commissions").json["commissions"]
    story = owner.get(f"/api/v1/commissions/{commission['id']}/explanation").json
    assert story["summary"] == "ada has 7.80 USD accrued on it."
    assert story["attribution"]["carrier"] in {"subscription_metadata", "invoice_metadata"}
    assert story["attribution"]["event_id"].startswith("evt_")
    [explanation] = story["commissions"]
    accrued = [
        -line["amount_minor"]
        for entry in explanation["entries"]
        for line in entry["postings"]
        if line["account"] == "partner_accrued"
    ]
    assert sum(accrued) == explanation["net_minor"] == 780
    assert all(entry["reason"] for entry in explanation["entries"])
    assert [refund["amount_cents"] for refund in story["refunds"]] == [1000]
    assert {"invoice.paid"} <= {event["type"] for event in story["events"]}


def test_the_event_that_settled_shows_what_it_moved(owner: Caller, first: Purchase) -> None:
    moved = [
        (event["id"], note["entry"]["kind"])
        for listed in owner.get("/api/v1/events", limit=100).json["data"]
        for event in [owner.get(f"/api/v1/events/{listed['id']}").json]
        for note in event["moved"]
    ]
    assert sorted(kind for _, kind in moved) in (["accrual"], ["accrual", "adjustment"])
    assert {event_id for event_id, _ in moved} <= {event["id"] for event in first.events} | {
        event["id"] for event in owner.get("/api/v1/events", type="refund.created").json["data"]
    } | {event["id"] for event in owner.get("/api/v1/events", type="charge.refunded").json["data"]}


@pytest.mark.usefixtures("first")
def test_every_outcome_and_payment_has_a_sentence_without_the_customers_name(owner: Caller) -> None:
    for event in owner.get("/api/v1/events", limit=100).json["data"]:
        assert event["reason"].endswith(".")
        assert "{" not in event["reason"]
    [payment] = owner.get("/api/v1/payments").json["data"]
    text = owner.get(f"/api/v1/payments/{payment['id']}/explanation").text
    assert "cleo@" not in text.lower()


def test_replaying_an_event_moves_nothing(owner: Caller, first: Purchase, drain: Drain) -> None:
    before = owner.get("/api/v1/commissions").json
    assert owner.post(f"/api/v1/events/{first.events[0]['id']}/replay").status_code == 200
    assert drain() == 1
    assert owner.get("/api/v1/commissions").json == before


def test_deliveries_are_counted_by_result(
    anonymous: Caller, client: FlaskClient, cleo: Customer, webhook_path: str
) -> None:
    names = [f'accrual_events_received_total{{result="{word}"}}' for word in ("stored", "duplicate", "refused")]
    before = anonymous.get("/metrics").text
    [event, *_] = cleo.subscribes().events
    post_signed(client, webhook_path, WEBHOOK_SECRET, [event, event])
    assert anonymous.post(webhook_path, {"object": "event"}).status_code == 400
    after = anonymous.get("/metrics").text
    assert [figure(after, name) - figure(before, name) for name in names] == [1, 1, 1]
