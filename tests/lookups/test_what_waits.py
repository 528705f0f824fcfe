"""An object that stays unknown is listed, with what it waits for, since when, and what Stripe said."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app import db
from app.config import Settings
from app.organizations.keys import create_key
from tests.books import owed
from tests.cast import Merchant, open_merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.emulator.emulator import Emulator
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.families import ACACIA, CLOVER

from .conftest import Connect, LookUp, looked_up, outcomes

pytestmark = pytest.mark.usefixtures("only_codes_are_stored")

Ask = Callable[..., Any]


@pytest.fixture
def ask(client: FlaskClient, merchant: Merchant) -> Ask:
    """A request with the merchant's key; gives the JSON answered."""
    with db.transaction() as session:
        _, key = create_key(session, merchant.organization_id, name="test", level="manage")

    def ask(path: str, method: str = "GET") -> Any:
        answer = client.open(path, method=method, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text)

    return ask


def test_list_of_waits_shows_reason_and_next_request(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, ask: Ask
) -> None:
    connect(types={"refund.created"})
    sale = shop.buy(shop.customer())
    shop.refund(sale)
    shop.deliver()
    drain()
    (waiting,) = ask("/api/v1/waiting")["data"]
    assert (waiting["what"], waiting["look_up"], waiting["attempts"]) == ("event", "due", 0)
    assert waiting["waiting_for"] == "the payment that was refunded or disputed"
    assert waiting["since"] < waiting["next_look_up_at"]


def test_a_look_up_that_was_given_up_shows_why_and_can_be_asked_again(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp, ask: Ask, ledger: Ledger
) -> None:
    cleo = shop.customer(marker="ada")
    connect()
    shop.subscribe(cleo)
    shop.deliver()
    drain()
    (waiting,) = ask("/api/v1/waiting")["data"]
    assert (waiting["what"], waiting["id"], waiting["look_up"]) == ("customer", cleo.id, "due")
    shop.faults.fail(401)
    look_up()
    (waiting,) = ask("/api/v1/waiting")["data"]
    assert (waiting["look_up"], waiting["next_look_up_at"]) == ("given_up", None)
    assert "401" in waiting["problem"]
    shop.faults.clear()
    assert ask("/api/v1/waiting/ask-again", "POST") == {"look_ups": 1}
    look_up()
    assert ask("/api/v1/waiting")["data"] == []
    assert ledger().balances == owed(ada=980)


def test_waiting_payment_is_listed_with_its_age_without_a_key(deliver: Deliver, drain: Drain, ask: Ask) -> None:
    sale = Customer(ACACIA).subscribes()
    deliver([sale.event("charge.succeeded")])
    drain()
    (waiting,) = ask("/api/v1/waiting")["data"]
    assert waiting["what"] == "payment"
    assert waiting["object_id"] == sale.invoice
    assert (waiting["waiting_for"], waiting["look_up"]) == ("the invoice that this charge pays", "none")


def test_a_charge_that_names_an_unseen_invoice_is_settled_by_looking_it_up(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp, ledger: Ledger
) -> None:
    shop.upgrade(ACACIA)
    connect(family=ACACIA, types={"charge.succeeded"})
    sale = shop.subscribe(shop.customer(), marker="ada").first
    shop.deliver()
    drain()
    assert outcomes()[f"charge.succeeded {sale.charge}"] == "waiting"
    look_up()
    assert ledger().balances == owed(ada=980)
    assert "waiting" not in outcomes().values()


def test_refund_of_an_authorization_does_not_wait(deliver: Deliver, drain: Drain, ask: Ask) -> None:
    cleo = Customer(CLOVER)
    sale = cleo.buys(through_session=False)
    held = sale.event("charge.succeeded")
    held["data"]["object"] |= {"captured": False, "amount_captured": 0}
    refund = cleo.is_refunded(sale, 4900).events[0]
    for event in (refund, held, refund | {"id": "evt_again"}):
        deliver([event])
        drain()
    assert set(outcomes().values()) == {"not_captured"}
    assert ask("/api/v1/waiting")["data"] == []


def test_a_wait_that_ends_keeps_its_sentence(deliver: Deliver, drain: Drain) -> None:
    cleo = Customer(CLOVER)
    sale = cleo.buys(through_session=False)
    refund = cleo.is_refunded(sale, 100).events[0]
    charge, intent = sale.event("charge.succeeded"), sale.event("payment_intent.succeeded")
    intent["data"]["object"]["metadata"] = {"affiliate_id": "nobody-has-this"}
    charge["data"]["object"]["metadata"] = {}
    deliver([cleo.subscribes().event("customer.subscription.created"), charge, refund])
    drain()
    assert outcomes()[f"charge.succeeded {sale.charge}"] == "waiting"
    deliver([intent])
    drain()
    with db.transaction() as session:
        query = text("SELECT outcome, outcome_details FROM stripe_events WHERE type = 'charge.succeeded'")
        outcome, details = session.execute(query).one()
    assert outcome == "unknown_code"
    assert details == {"code": "nobody-has-this"}


def test_waiting_payment_is_hidden_from_another_organization(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp, client: FlaskClient
) -> None:
    cleo = shop.customer()
    connect()
    shop.subscribe(cleo)
    shop.deliver()
    drain()
    shop.faults.fail(403)
    look_up()
    with db.transaction() as session:
        other = open_merchant(session, "Other")
        _, key = create_key(session, other.organization_id, name="test", level="manage")
    headers = {"Authorization": f"Bearer {key}"}
    assert json.loads(client.get("/api/v1/waiting", headers=headers).text)["data"] == []
    assert json.loads(client.post("/api/v1/waiting/ask-again", headers=headers).text) == {"look_ups": 0}
    assert looked_up()[0].is_done


def test_waiting_event_and_its_payment_are_listed_once(deliver: Deliver, drain: Drain, ask: Ask) -> None:
    cleo = Customer(CLOVER)
    deliver([cleo.subscribes().event("customer.subscription.created")])
    sale = cleo.buys(through_session=False)
    deliver([sale.event("charge.succeeded"), sale.event("payment_intent.succeeded")])
    drain()
    (waiting,) = ask("/api/v1/waiting")["data"]
    assert (waiting["what"], waiting["object_id"]) == ("payment", sale.payment_intent)
