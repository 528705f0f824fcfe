"""The holder of the test secret can move no live money."""

import json

import pytest
from flask import Flask

from app import db, ids
from app.config import Settings
from app.stripe_events.endpoints.rows import insert_endpoint
from tests.cast import Merchant
from tests.conftest import WEBHOOK_SECRET, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.signing import signature_header

from .balances import balances_of_accounts
from .conftest import KeyOf


@pytest.mark.parametrize("position", [0, 1, 2], ids=["forged first", "forged between", "forged last"])
def test_a_document_sent_with_the_test_secret_under_a_live_id_moves_no_money(
    application: Flask,
    merchant: Merchant,
    settings: Settings,
    webhook_path: str,
    drain: Drain,
    ledger: Ledger,
    key_of: KeyOf,
    position: int,
) -> None:
    """The invoice of 30.00 becomes one of 9,000.00, twice before, between or after two deliveries of the true one."""
    with db.transaction() as session:
        owner = merchant.organization_id
        made = insert_endpoint(session, owner, livemode=True, secrets=["whsec_live"], settings=settings)
    live = (f"/webhooks/stripe/{ids.encode(ids.STRIPE_ENDPOINT, made.id)}", "whsec_live")
    test = (webhook_path, WEBHOOK_SECRET)
    purchase = Customer(CLOVER, Marks(subscription="ada"), livemode=True).subscribes(Bill(net_minor=3000))
    dear = Customer(CLOVER, Marks(subscription="ada"), livemode=True).subscribes(Bill(net_minor=900_000))
    forged = [fake | {"id": event["id"]} for fake, event in zip(dear.events, purchase.events, strict=True)]
    rounds = [(live, purchase.events)] * 2
    rounds[position:position] = [(test, forged)] * 2
    for (path, secret), events in rounds:
        for event in events:
            body = json.dumps(event).encode()
            headers = {"Stripe-Signature": signature_header(body, secret)}
            assert application.test_client().post(path, data=body, headers=headers).status_code == 200
        drain()
    ledger()
    assert balances_of_accounts() == {(True, "commission_expense"): -600, (True, "partner_accrued"): 600}
    shown = key_of(True).get(f"/api/v1/events/{purchase.event('invoice.paid')['id']}").json
    [other] = shown["deliveries"]
    assert (shown["object_id"], shown["outcome"], other["outcome"]) == (purchase.invoice, "accrued", "wrong_mode")
    unread = key_of(True).get(f"/api/v1/events/{other['inbox_id']}").json
    assert (unread["payments"], unread["moved"], unread["linked"], unread["names"]) == ([], [], [], [])
