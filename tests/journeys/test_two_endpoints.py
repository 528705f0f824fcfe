"""A merchant moves to a newer API version: for a while two endpoints send every event, each in its own shape."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app import db
from app.config import Settings
from tests.books import CommissionLine, owed
from tests.cast import Merchant, open_endpoint
from tests.conftest import Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Marks
from tests.stripe_stories.families import ACACIA, CLOVER, Family
from tests.stripe_stories.signing import post_signed

from .conftest import Explained

Post = Callable[[Iterable[Event]], None]
Story = dict[Family, list[Event]]

BILL = Bill(net_minor=4900, tax_minor=931)
REFUNDED_MINOR = 1000


@pytest.fixture
def send_to(client: FlaskClient, merchant: Merchant, settings: Settings) -> dict[Family, Post]:
    """The shop's two endpoints, each with a secret of its own."""

    def opened(family: Family) -> Post:
        secret = f"whsec_{family.name}"
        path = open_endpoint(merchant.organization_id, settings, secret)
        return partial(post_signed, client, path, secret)

    return {family: opened(family) for family in (ACACIA, CLOVER)}


def sent_twice(*kept: str) -> Story:
    """Cleo subscribes, renews and gets something back, once in each shape; one event has one id in both.

    With `kept`, only events of these types.
    """
    story: Story = {}
    token = None
    for family in (ACACIA, CLOVER):
        cleo = Customer(family, Marks(subscription="ada"), token=token)
        token = cleo.token
        first = cleo.subscribes(BILL)
        second = cleo.renews(first)
        refund = cleo.is_refunded(second, REFUNDED_MINOR)
        events = [*first.events, *second.events, *refund.events]
        story[family] = [_named(event) for event in events if not kept or event["type"] in kept]
    return story


def _named(event: Event) -> Event:
    """The event under an id that follows from what happened, so that both shapes agree on it."""
    return {**event, "id": f"evt_{event['type'].replace('.', '_')}_{event['data']['object']['id']}_{event['created']}"}


def _inbox() -> list[tuple[str, str]]:
    with db.transaction() as session:
        rows = session.execute(text("SELECT stripe_id, api_version FROM stripe_events ORDER BY 1, 2"))
        return [(row[0], row[1]) for row in rows]


def _interleaved(story: Story) -> list[tuple[Family, Event]]:
    old, new = ([(family, event) for event in story[family]] for family in (ACACIA, CLOVER))
    longest = max(len(old), len(new))
    pairs = zip(old + [old[-1]] * (longest - len(old)), new + [new[-1]] * (longest - len(new)), strict=True)
    return list(chain.from_iterable(pairs))


def _orders(story: Story) -> dict[str, Sequence[tuple[Family, Event]]]:
    old, new = ([(family, event) for event in story[family]] for family in (ACACIA, CLOVER))
    return {
        "old first": [*old, *new],
        "new first": [*new, *old],
        "in turn": _interleaved(story),
        "backwards": [*reversed(new), *reversed(old)],
    }


@pytest.mark.parametrize("order", ["old first", "new first", "in turn", "backwards"])
@pytest.mark.parametrize("one_by_one", [False, True])
def test_events_of_both_endpoints_make_one_ledger(
    send_to: dict[Family, Post], drain: Drain, ledger: Ledger, order: str, one_by_one: bool
) -> None:
    story = sent_twice()
    for family, event in _orders(story)[order]:
        send_to[family]([event])
        if one_by_one:
            drain()
    drain()
    back = 168  # 9.80 x 10.00 / 58.31, rounded half up
    assert ledger().balances == owed(ada=980 + 980 - back)
    assert ledger().commissions == (
        CommissionLine("ada", "usd", 980, 0, "accrued"),
        CommissionLine("ada", "usd", 980, back, "accrued"),
    )
    assert [(line.kind, line.gross_minor, line.returned_minor) for line in ledger().payments] == [
        ("invoice", 5831, 0),
        ("invoice", 5831, REFUNDED_MINOR),
    ]


def test_the_inbox_keeps_an_event_once_for_each_version(send_to: dict[Family, Post], drain: Drain) -> None:
    story = sent_twice()
    for _ in range(2):
        for family, events in story.items():
            send_to[family](events)
        drain()
    expected = {(event["id"], event["api_version"]) for events in story.values() for event in events}
    assert sorted(expected) == _inbox()
    send_to[ACACIA](story[CLOVER])  # the newer shape through the other endpoint as well
    assert sorted(expected) == _inbox()


def test_links_that_only_the_older_shape_names_are_kept(
    send_to: dict[Family, Post], drain: Drain, ledger: Ledger
) -> None:
    """No InvoicePayment ever comes: only the older invoice says which charge the refund is of."""
    story = sent_twice("invoice.paid", "refund.created")
    send_to[CLOVER](story[CLOVER])
    drain()
    assert ledger().balances == owed(ada=2 * 980)
    send_to[ACACIA](story[ACACIA])
    drain()
    assert ledger().balances == owed(ada=2 * 980 - 168)


def test_explanations_of_event_and_payment_show_both(
    send_to: dict[Family, Post], drain: Drain, explained: Explained
) -> None:
    story = sent_twice()
    for family, events in story.items():
        send_to[family](events)
    drain()
    paid = next(event for event in story[CLOVER] if event["type"] == "invoice.paid")
    explanation = explained(paid["id"])
    of_invoice = explained(paid["data"]["object"]["id"])
    versions = {ACACIA.api_version, CLOVER.api_version}
    both = [explanation["event"], *explanation["event"]["deliveries"]]
    assert {one["api_version"] for one in both} == versions
    assert len({one["endpoint_id"] for one in both}) == 2
    events = of_invoice["payments"][0]["events"]
    assert {event["api_version"] for event in events if event["id"] == paid["id"]} == versions
