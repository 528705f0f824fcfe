"""A thin event says only that something happened: with a key its object is fetched, without one it says so."""

from app.config import Settings
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.emulator.emulator import Emulator

from .conftest import Connect, LookUp, looked_up, outcomes


def test_thin_event_is_settled_from_its_fetched_object(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp, ledger: Ledger
) -> None:
    connect(is_thin=True)
    sale = shop.subscribe(shop.customer(), marker="ada").first
    shop.deliver()
    drain()
    assert ledger().balances == {}
    assert set(outcomes().values()) == {"waiting"}
    look_up()
    look_up()
    assert ledger().balances == owed(ada=980)
    assert outcomes()[f"v1.invoice.paid {sale.invoice}"] == "accrued"
    assert "waiting" not in outcomes().values()


def test_two_thin_events_of_one_content_both_end(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp
) -> None:
    connect(is_thin=True, types={"invoice.paid"})
    shop.subscribe(shop.customer(), marker="ada")
    shop.deliver()
    drain()
    look_up()
    connect(is_thin=True, types={"invoice.payment_succeeded"})
    subscription = shop.subscribe(shop.customer("dora"), marker="ada")
    shop.deliver()
    drain()
    look_up()
    endpoint = connect(is_thin=True, types={"invoice.paid"})
    (paid,) = [event for event in shop.events if event.object_id == subscription.first.invoice][:1]
    endpoint.send(paid)
    drain()
    look_up()
    assert set(outcomes().values()) <= {"accrued", "no_change"}


def test_changed_refund_is_fetched_again_for_each_thin_event(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp, ledger: Ledger
) -> None:
    connect(is_thin=True)
    sale = shop.buy(shop.customer(), marker="ada")
    refund = shop.refund(sale)
    shop.deliver()
    drain()
    look_up()
    assert ledger().balances == {}
    shop.fail_refund(refund)
    shop.deliver()
    drain()
    look_up()
    assert ledger().balances == owed(ada=980)


def test_a_connected_accounts_thin_event_is_fetched_in_its_name(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp, ledger: Ledger
) -> None:
    connected = shop.connected("acct_of_cleo")
    connect(is_thin=True, of_connected=True)
    connected.buy(connected.customer(), marker="ada")
    shop.deliver()
    drain()
    look_up()
    assert ledger().balances == owed(ada=980)
    assert {asked.account for asked in shop.asked} == {"acct_of_cleo"}


def test_thin_event_without_a_key_is_unusable_with_the_reason(shop: Emulator, connect: Connect, drain: Drain) -> None:
    connect(is_thin=True)
    shop.subscribe(shop.customer(), marker="ada")
    shop.deliver()
    drain()
    assert set(outcomes().values()) <= {"unusable", "ignored_type"}
    assert looked_up() == []


def test_thin_events_of_unread_types_request_nothing(asking: Settings, deliver: Deliver, drain: Drain) -> None:
    deliver([thin("v1.payout.paid", {"id": "po_1", "type": "payout"}), thin("v2.core.account.updated", None)])
    drain()
    assert set(outcomes().values()) == {"ignored_type"}
    assert looked_up() == []


def test_a_thin_event_without_its_object_is_unusable(asking: Settings, deliver: Deliver, drain: Drain) -> None:
    deliver([thin("v1.invoice.paid", None), thin("v1.charge.succeeded", {"id": 7, "type": "charge"})])
    drain()
    assert set(outcomes().values()) == {"unusable"}
    assert looked_up() == []


def thin(event_type: str, related: dict[str, object] | None) -> dict[str, object]:
    return {
        "id": f"evt_65_{event_type}",
        "object": "v2.core.event",
        "type": event_type,
        "created": "2026-11-01T00:00:00.000Z",
        "livemode": False,
        "related_object": related,
    }
