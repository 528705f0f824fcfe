"""Lists, asked for by the official library: pages, windows, filters."""

import pytest
import stripe

from .emulator import Emulator


@pytest.fixture
def filled(shop: Emulator) -> Emulator:
    """A shop where five customers bought once each."""
    for number in range(5):
        shop.buy(shop.customer(f"buyer{number}"), 1000 + number)
    return shop


def test_pages_go_from_the_newest_to_the_oldest(filled: Emulator) -> None:
    charges = filled.client().v1.charges
    first = charges.list({"limit": 2})
    second = charges.list({"limit": 2, "starting_after": first.data[-1].id})
    third = charges.list({"limit": 2, "starting_after": second.data[-1].id})
    amounts = [[charge.amount for charge in page.data] for page in (first, second, third)]
    assert amounts == [[1004, 1003], [1002, 1001], [1000]]
    assert [page.has_more for page in (first, second, third)] == [True, True, False]


def test_page_before_a_cursor_has_the_nearest_rows(filled: Emulator) -> None:
    charges = filled.client().v1.charges
    oldest = charges.list().data[-1]
    page = charges.list({"limit": 2, "ending_before": oldest.id})
    assert [charge.amount for charge in page.data] == [1002, 1001]
    assert page.has_more


def test_the_library_pages_through_all_objects(filled: Emulator) -> None:
    found = list(filled.client().v1.events.list({"limit": 3}).auto_paging_iter())
    assert [event.id for event in found] == [event.id for event in sorted_newest_first(filled)]
    assert filled.calls()["GET /v1/events"] == 1 + (len(found) - 1) // 3


def sorted_newest_first(shop: Emulator) -> list:
    events = list(enumerate(shop.events))
    return [event for _, event in sorted(events, key=lambda pair: (pair[1].created, pair[0]), reverse=True)]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"gte": 2}, [1004, 1003, 1002]),
        ({"gt": 2}, [1004, 1003]),
        ({"lt": 2}, [1001, 1000]),
        ({"lte": 2}, [1002, 1001, 1000]),
        ({"gte": 1, "lt": 3}, [1002, 1001]),
    ],
)
def test_windows_of_creation_bound_a_list(filled: Emulator, window: dict[str, int], expected: list[int]) -> None:
    moments = [sale.paid_at for sale in filled.happened.purchases]
    bounds = {bound: moments[place] for bound, place in window.items()}
    found = filled.client().v1.charges.list({"created": bounds})
    assert [charge.amount for charge in found.data] == expected


def test_events_are_narrowed_by_types_and_by_groups_of_types(filled: Emulator) -> None:
    events = filled.client().v1.events
    types = ["charge.succeeded", "customer.created"]
    assert {event.type for event in events.list({"types": types, "limit": 100}).data} == set(types)
    assert {event.type for event in events.list({"type": "charge.*", "limit": 100}).data} == {"charge.succeeded"}
    assert events.list({"type": "invoice.paid"}).data == []


def test_events_are_listed_for_thirty_days(filled: Emulator) -> None:
    event = filled.events[-1]
    assert filled.client().v1.events.retrieve(event.id).type == event.type
    filled.advance(days=31)
    assert filled.client().v1.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        filled.client().v1.events.retrieve(event.id)
    assert len(filled.client().v1.charges.list().data) == 5


def test_an_invoice_payment_is_found_from_either_side(shop: Emulator) -> None:
    subscription = shop.subscribe(shop.customer())
    shop.renew(subscription)
    sale = subscription.first
    payments = shop.client().v1.invoice_payments
    by_intent = {"payment": {"type": "payment_intent", "payment_intent": sale.payment_intent}}
    assert [found.invoice for found in payments.list(by_intent).data] == [sale.invoice]
    (found,) = payments.list({"invoice": sale.invoice}).data
    assert found.payment.payment_intent == sale.payment_intent


def test_a_session_is_found_by_its_payment(shop: Emulator) -> None:
    sales = [shop.buy(shop.customer()) for _ in range(2)]
    found = shop.client().v1.checkout.sessions.list({"payment_intent": sales[0].payment_intent})
    assert [session.id for session in found.data] == [sales[0].session]


def test_canceled_subscriptions_are_listed_only_when_asked_for(shop: Emulator) -> None:
    subscription = shop.subscribe(shop.customer())
    shop.cancel(subscription)
    subscriptions = shop.client().v1.subscriptions
    assert subscriptions.list().data == []
    assert [found.id for found in subscriptions.list({"status": "all"}).data] == [subscription.id]


@pytest.mark.parametrize(
    ("params", "param"), [({"limit": 101}, "limit"), ({"colour": "red"}, "colour"), ({"created": "today"}, "created")]
)
def test_impossible_parameters_are_refused(shop: Emulator, params: dict[str, object], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client().v1.charges.list(params)
    assert (refused.value.http_status, refused.value.param) == (400, param)
