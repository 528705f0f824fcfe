"""The holder of the test secret can move no live money."""

import pytest
from flask.testing import FlaskClient

from app.config import Settings
from tests.cast import Merchant, open_endpoint
from tests.conftest import WEBHOOK_SECRET, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.signing import post_signed

from .balances import balances_of_accounts
from .conftest import KeyOf


@pytest.mark.parametrize("position", [0, 1, 2], ids=["forged first", "forged between", "forged last"])
def test_a_document_sent_with_the_test_secret_under_a_live_id_moves_no_money(
    client: FlaskClient,
    merchant: Merchant,
    settings: Settings,
    webhook_path: str,
    drain: Drain,
    ledger: Ledger,
    key_of: KeyOf,
    position: int,
) -> None:
    """The invoice of 30.00 becomes one of 9,000.00, twice before, between or after two deliveries of the true one."""
    live = (open_endpoint(merchant.organization_id, settings, "whsec_live", livemode=True), "whsec_live")
    test = (webhook_path, WEBHOOK_SECRET)
    purchase = Customer(CLOVER, Marks(subscription="ada"), livemode=True).subscribes(Bill(net_minor=3000))
    dear = Customer(CLOVER, Marks(subscription="ada"), livemode=True).subscribes(Bill(net_minor=900_000))
    forged = [fake | {"id": event["id"]} for fake, event in zip(dear.events, purchase.events, strict=True)]
    rounds = [(live, purchase.events)] * 2
    rounds[position:position] = [(test, forged)] * 2
    for (path, secret), events in rounds:
        post_signed(client, path, secret, events)
        drain()
    ledger()
    assert balances_of_accounts() == {(True, "commission_expense"): -600, (True, "partner_accrued"): 600}
    shown = key_of(True).get(f"/api/v1/events/{purchase.event('invoice.paid')['id']}").json
    [other] = shown["deliveries"]
    assert (shown["object_id"], shown["outcome"], other["outcome"]) == (purchase.invoice, "accrued", "wrong_mode")
    unread = key_of(True).get(f"/api/v1/events/{other['inbox_id']}").json
    assert (unread["payments"], unread["moved"], unread["linked"], unread["names"]) == ([], [], [], [])
