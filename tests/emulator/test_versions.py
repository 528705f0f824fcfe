"""Whose version decides: the request's for objects, the moment's for events, the endpoint's for deliveries."""

import pytest
import stripe

from tests.stripe_stories.families import ACACIA, CLOVER, ENDIVE

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
    ("version", "names_links", "knows_off_stripe"),
    [("2024-06-20", True, False), ("2025-04-30.basil", False, False), ("2026-06-24.dahlia", False, True)],
)
def test_every_version_has_the_shape_of_its_side_of_the_break(
    shop: Emulator, version: str, names_links: bool, knows_off_stripe: bool
) -> None:
    sale = shop.subscribe(shop.customer()).first
    invoice = shop.client(stripe_version=version).v1.invoices.retrieve(str(sale.invoice)).to_dict()
    assert ("charge" in invoice, "amount_paid_off_stripe" in invoice) == (names_links, knows_off_stripe)


def test_an_event_is_told_in_the_version_of_its_moment(shop: Emulator) -> None:
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


def test_what_cannot_be_expanded_is_refused(shop: Emulator) -> None:
    sale = shop.buy(shop.customer())
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        shop.client().v1.charges.retrieve(str(sale.charge), {"expand": ["invoice"]})
