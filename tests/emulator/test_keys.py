"""Who may ask what: keys, modes, permissions, connected accounts."""

import pytest
import stripe

from .emulator import Emulator


def test_a_wrong_key_is_401(shop: Emulator) -> None:
    with pytest.raises(stripe.AuthenticationError) as refused:
        shop.client("sk_test_of_somebody_else").v1.events.list()
    assert refused.value.http_status == 401
    assert "of_somebody" not in str(refused.value)


def test_a_revoked_key_is_wrong(shop: Emulator) -> None:
    key = shop.restricted_key("event_read")
    assert shop.client(key).v1.events.list().data == []
    shop.revoke(key)
    with pytest.raises(stripe.AuthenticationError):
        shop.client(key).v1.events.list()


def test_missing_objects_are_404_with_stripes_message(shop: Emulator) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client().v1.invoices.retrieve("in_nothing")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    assert refused.value.user_message == "No such invoice: 'in_nothing'"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client().v1.events.list({"starting_after": "evt_nothing"})
    assert refused.value.param == "starting_after"


def test_test_and_live_objects_are_separate(shop: Emulator) -> None:
    here, there = shop.buy(shop.customer()), shop.live.buy(shop.live.customer())
    live = shop.client(shop.live_key)
    assert [charge.id for charge in shop.client().v1.charges.list().data] == [here.charge]
    assert [charge.id for charge in live.v1.charges.list().data] == [there.charge]
    assert live.v1.charges.retrieve(str(there.charge)).livemode
    with pytest.raises(stripe.InvalidRequestError, match="exists in test mode, but a live mode key was used"):
        live.v1.charges.retrieve(str(here.charge))


def test_a_restricted_key_reads_what_it_may(shop: Emulator) -> None:
    sale = shop.buy(shop.customer())
    client = shop.client(shop.restricted_key("charge_read", "transfer_write"))
    assert client.v1.charges.retrieve(str(sale.charge)).id == sale.charge
    assert client.v1.transfers.list().data == []
    with pytest.raises(stripe.PermissionError, match="rak_invoice_read") as refused:
        client.v1.invoices.list()
    assert refused.value.http_status == 403


def test_a_connected_account_has_its_own_objects(shop: Emulator) -> None:
    other = shop.connected("acct_1Dora")
    sale = other.buy(other.customer("dora"))
    charges = shop.client().v1.charges
    assert charges.list().data == []
    assert [charge.id for charge in charges.list(options={"stripe_account": "acct_1Dora"}).data] == [sale.charge]
    assert [asked.account for asked in shop.asked] == ["", "acct_1Dora"]
    with pytest.raises(stripe.PermissionError):
        charges.list(options={"stripe_account": "acct_1Nobody"})
