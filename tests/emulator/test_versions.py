"""Whose version decides: the request's for objects, the moment's for events, the endpoint's for deliveries."""

import pytest
import stripe

from tests.stripe_stories.facts import Bill
from tests.stripe_stories.families import ACACIA, CLOVER, ENDIVE, Family

from .emulator import Emulator


def test_an_object_is_rendered_in_the_version_asked_for(shop: Emulator) -> None:
    sale = shop.subscribe(shop.customer(), marker="ada").first
    old, new = (
        shop.client(stripe_version=family.api_version).v1.invoices.retrieve(str(sale.invoice)).to_dict()
        for family in (ACACIA, CLOVER)
    )
    assert (old["subscription"], old["payment_intent"]) == (sale.subscription, sale.payment_intent)
    assert "payment_intent" not in new
    assert new["parent"]["subscription_details"]["subscription"] == sale.subscription


@pytest.mark.parametrize(
    ("version", "names_links", "names_orders"),
    [("2024-06-20", True, False), ("2025-04-30.basil", False, False), ("2026-06-24.dahlia", False, True)],
)
def test_every_version_has_the_shape_of_its_side_of_the_break(
    shop: Emulator, version: str, names_links: bool, names_orders: bool
) -> None:
    sale = shop.subscribe(shop.customer()).first
    client = shop.client(stripe_version=version)
    invoice = client.v1.invoices.retrieve(str(sale.invoice)).to_dict()
    intent = client.v1.payment_intents.retrieve(str(sale.payment_intent)).to_dict()
    assert ("charge" in invoice, "payment_details" in intent) == (names_links, names_orders)


@pytest.mark.parametrize("family", [ACACIA, CLOVER, ENDIVE], ids=lambda family: family.name)
def test_no_event_has_the_amount_paid_outside_stripe(shop: Emulator, family: Family) -> None:
    """Stripe must be asked for it. Source: Stripe changelog 2026-05-27, `amount_paid_off_stripe`."""
    shop.upgrade(family)
    shop.subscribe(shop.customer(), bill=Bill(out_of_band=True))
    (event,) = shop.client(stripe_version=family.api_version).v1.events.list({"type": "invoice.paid"}).data
    assert "amount_paid_off_stripe" not in event.data.object
    assert event.data.object["amount_paid"] == (0 if family.names_links else 4900)


def test_money_paid_outside_stripe_is_in_the_payments_of_an_invoice(shop: Emulator) -> None:
    sale = shop.subscribe(shop.customer(), bill=Bill(net_minor=10_000, part_outside_minor=6000)).first
    found = shop.client().v1.invoices.retrieve(str(sale.invoice), {"expand": ["payments"]})
    paid = {payment.payment.type: payment.amount_paid for payment in found.payments.data}
    assert paid == {"payment_intent": 4000, "payment_record": 6000}


def test_an_event_is_rendered_in_the_api_version_of_its_time(shop: Emulator) -> None:
    shop.upgrade(ACACIA)
    shop.subscribe(shop.customer("cleo"))
    shop.upgrade(ENDIVE)
    shop.subscribe(shop.customer("dora"))
    new, old = shop.client(stripe_version=CLOVER.api_version).v1.events.list({"type": "invoice.paid"}).data
    assert (old.api_version, new.api_version) == (ACACIA.api_version, ENDIVE.api_version)
    assert ("subscription" in old.data.object, "subscription" in new.data.object) == (True, False)


def test_an_event_shows_its_object_as_it_was_then(shop: Emulator) -> None:
    sale = shop.buy(shop.customer())
    shop.refund(sale, 1000)
    shop.refund(sale, 500)
    client = shop.client()
    newest, _ = client.v1.events.list({"type": "charge.refunded"}).data
    (first,) = client.v1.events.list({"type": "charge.succeeded"}).data
    amounts = [event.data.object["amount_refunded"] for event in (first, newest)]
    assert amounts == [0, 1500]
    assert client.v1.charges.retrieve(str(sale.charge)).amount_refunded == 1500


def test_payments_of_an_invoice_come_when_asked_for(shop: Emulator) -> None:
    sale = shop.subscribe(shop.customer()).first
    invoices = shop.client().v1.invoices
    assert "payments" not in invoices.retrieve(str(sale.invoice))
    found = invoices.retrieve(str(sale.invoice), {"expand": ["payments.data.payment.payment_intent.latest_charge"]})
    assert found.payments.data[0].payment.payment_intent.latest_charge.id == sale.charge
    listed = invoices.list({"expand": ["data.customer"]})
    assert listed.data[0].customer.object == "customer"


def test_unexpandable_fields_are_refused(shop: Emulator) -> None:
    sale = shop.buy(shop.customer())
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        shop.client().v1.charges.retrieve(str(sale.charge), {"expand": ["invoice"]})
