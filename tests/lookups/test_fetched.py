"""Fetched documents lead to the same ledger as events, by their present state."""

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app import db
from app.errors import ConfigurationError
from app.stripe_sync import fetched
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks, Purchase
from tests.stripe_stories.families import CLOVER

from .conftest import FETCHED_AT, Document, Fetch, outcomes

STATUSES = {
    "charge": "succeeded",
    "payment_intent": "succeeded",
    "invoice": "paid",
    "checkout.session": "complete",
    "invoice_payment": "paid",
}


def documents(events: Sequence[Event]) -> list[Document]:
    """The objects these events are about, each once, as the API gives them."""
    found = {event["data"]["object"]["id"]: event["data"]["object"] for event in events}
    return [one | ({"status": STATUSES[one["object"]]} if one["object"] in STATUSES else {}) for one in found.values()]


def subscription(**marks: str) -> Purchase:
    return Customer(CLOVER, Marks(**marks)).subscribes()


@pytest.mark.parametrize("marks", [{"subscription": "ada"}, {"session": "ada"}, {"payment": "ada"}, {"invoice": "ada"}])
def test_a_sale_that_was_only_fetched_earns_what_its_events_would_have(
    fetch: Fetch, drain: Drain, ledger: Ledger, marks: dict[str, str]
) -> None:
    fetch(*documents(subscription(**marks).events))
    drain()
    assert ledger().balances == owed(ada=980)
    assert [line.kind for line in ledger().payments] == ["invoice"]


def test_a_one_time_sale_is_earned_by_its_charge_alone(fetch: Fetch, drain: Drain, ledger: Ledger) -> None:
    sale = Customer(CLOVER, Marks(payment="ada")).buys(through_session=False)
    fetch(*documents([sale.event("charge.succeeded")]))
    drain()
    assert ledger().balances == owed(ada=980)


def test_events_and_fetched_documents_of_one_sale_are_counted_once_in_any_order(
    fetch: Fetch, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    for told_first in (True, False):
        sale = subscription(subscription="ada")
        if told_first:
            deliver(sale.events)
            drain()
        fetch(*documents(sale.events))
        drain()
        deliver(sale.events)
        drain()
    assert ledger().balances == owed(ada=1960)
    assert len(ledger().payments) == 2


def test_the_same_content_fetched_twice_is_recorded_once(fetch: Fetch, drain: Drain) -> None:
    sale = subscription(subscription="ada")
    assert fetch(*documents(sale.events)) == len(documents(sale.events))
    assert fetch(*documents(sale.events), at=FETCHED_AT + timedelta(days=1)) == 0
    assert drain() == len(documents(sale.events))


def test_newly_signed_links_do_not_change_the_fetched_document(fetch: Fetch) -> None:
    invoice = subscription().event("invoice.paid")["data"]["object"]
    assert fetch({**invoice, "hosted_invoice_url": "https://invoice.stripe.com/i/one"}) == 1
    assert fetch({**invoice, "hosted_invoice_url": "https://invoice.stripe.com/i/two"}) == 0
    with db.transaction() as session:
        (payload,) = session.scalars(text("SELECT payload FROM stripe_events"))
    assert "hosted_invoice_url" not in json.loads(payload)["data"]["object"]


def test_a_changed_content_is_recorded_again(fetch: Fetch) -> None:
    customer = Customer(CLOVER).appears()["data"]["object"]
    assert fetch(customer) == 1
    assert fetch(customer | {"metadata": {"affiliate_id": "ada"}}) == 1


def test_names_in_a_fetched_document_count_from_its_own_time(fetch: Fetch, drain: Drain, ledger: Ledger) -> None:
    cleo = Customer(CLOVER, Marks(customer="ada"))
    appeared = cleo.appears()["data"]["object"]
    fetch(*documents(cleo.subscribes().without("customer.created").events))
    drain()
    assert ledger().balances == {}
    fetch(appeared)  # half a year later, far outside the window, had it counted from the fetch
    drain()
    assert ledger().balances == owed(ada=980)
    with db.transaction() as session:
        evident_at = session.scalars(text("SELECT evident_at FROM evidence")).one()
    assert evident_at == datetime.fromtimestamp(appeared["created"], UTC)


def test_payment_from_fetched_documents_has_stripes_time(fetch: Fetch, drain: Drain) -> None:
    sale = Customer(CLOVER, Marks(payment="ada")).buys()
    for event in sale.events:
        fetch(*documents([event]))
        drain()
        with db.transaction() as session:
            (occurred_at,) = session.scalars(text("SELECT occurred_at FROM payments"))
        assert abs(occurred_at.timestamp() - sale.paid_at) <= 120


@pytest.mark.parametrize(
    ("event_type", "status"),
    [
        ("charge.succeeded", "failed"),
        ("charge.succeeded", "pending"),
        ("payment_intent.succeeded", "requires_payment_method"),
        ("payment_intent.succeeded", "processing"),
        ("invoice.paid", "open"),
        ("invoice.paid", "void"),
        ("checkout.session.completed", "open"),
        ("checkout.session.completed", "expired"),
    ],
)
def test_uncollected_payment_earns_nothing(
    fetch: Fetch, drain: Drain, ledger: Ledger, event_type: str, status: str
) -> None:
    sale = Customer(CLOVER, Marks(payment="ada", invoice="ada", session="ada")).buys(invoiced=True)
    fetch({**sale.event(event_type)["data"]["object"], "status": status})
    drain()
    assert not ledger().payments
    assert ledger().balances == {}


def test_an_uncaptured_charge_is_not_captured(fetch: Fetch, drain: Drain) -> None:
    charge = Customer(CLOVER).buys().event("charge.succeeded")["data"]["object"]
    fetch({**charge, "status": "succeeded", "captured": False, "amount_captured": 0})
    drain()
    assert outcomes() == {f"fetched.charge {charge['id']}": "not_captured"}


def test_open_invoice_payment_links_no_charge(fetch: Fetch, drain: Drain, ledger: Ledger) -> None:
    sale = subscription(payment="ada")
    link = {**sale.event("invoice_payment.paid")["data"]["object"], "status": "open"}
    fetch(link, *documents([sale.event("invoice.paid"), sale.event("payment_intent.succeeded")]))
    drain()
    assert sorted(line.kind for line in ledger().payments) == ["invoice", "pi"]


def test_a_fetched_refund_counts_by_its_state(fetch: Fetch, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    sale = cleo.subscribes()
    refund = cleo.is_refunded(sale, 4900).events[0]["data"]["object"]
    deliver(sale.events)
    fetch({**refund, "status": "succeeded"})
    drain()
    assert ledger().balances == {}
    fetch({**refund, "status": "failed"}, at=FETCHED_AT + timedelta(hours=1))
    drain()
    assert ledger().balances == owed(ada=980)


def test_documents_of_the_other_mode_are_refused(fetch: Fetch) -> None:
    live = Customer(CLOVER, livemode=True).appears()["data"]["object"]
    with pytest.raises(ConfigurationError):
        fetch(live)
    assert outcomes() == {}


def test_fetched_kinds_that_are_not_read_are_stored_and_ignored(fetch: Fetch, drain: Drain) -> None:
    fetch({"id": "prod_1", "object": "product", "livemode": False})
    drain()
    assert outcomes() == {"fetched.product prod_1": "ignored_type"}


def test_the_order_of_keys_changes_no_name() -> None:
    document = {"id": "in_1", "object": "invoice", "total": 4900}
    names = {fetched.name(dict(order)) for order in itertools.permutations(document.items())}
    assert len(names) == 1
