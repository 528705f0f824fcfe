"""Stories of many customers, and the books they must end in."""

from collections.abc import Iterable, Sequence
from itertools import chain

from sqlalchemy import text

from app import db, jobs
from tests import books
from tests.conftest import assert_ledger_sound
from tests.properties.oracle import Returned, expected_books
from tests.properties.orders import Copy
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks
from tests.stripe_stories.families import OLD_AND_NEW
from tests.stripe_stories.troubles import DisputeStory


def customers(count: int, *, disputed_every: int = 0) -> list[Copy]:
    """So many customers of Ada's, in both shapes: each subscribes, renews, and is given a part of it back.

    Of every `disputed_every` customers the last disputes the renewal, and the merchant loses.
    """
    made_copies = []
    for number in range(count):
        cleo = Customer(OLD_AND_NEW[number % len(OLD_AND_NEW)], Marks(subscription="ada"))
        first = cleo.subscribes()
        second = cleo.renews(first)
        events = first.events + second.events + cleo.is_refunded(first, 1000).events
        returned = [Returned(first, 1000)]
        if disputed_every and number % disputed_every == disputed_every - 1:
            dispute = DisputeStory(cleo, second)
            events += (dispute.opens(), dispute.takes_the_money(), dispute.closes("lost"))
            returned.append(Returned(second, second.bill.charged_minor))
        made_copies.append(Copy(cleo.token, events, expected_books([first, second], returned)))
    return made_copies


def events_of(copies: Iterable[Copy]) -> list[Event]:
    return list(chain.from_iterable(copy.events for copy in copies))


def unprocessed() -> list[str]:
    """The Stripe ids of the events that are not worked yet."""
    with db.transaction() as session:
        return list(session.scalars(text("SELECT stripe_id FROM stripe_events WHERE processed_at IS NULL ORDER BY id")))


def is_settled_by_the_clock() -> bool:
    """As `is_settled`, after queueing a drain as the clock does over and over: one call to Redis may time out."""
    jobs.sweep(jobs.DRAIN)
    return is_settled()


def is_settled() -> bool:
    return unprocessed() == []


def assert_processed_once(copies: Sequence[Copy]) -> None:
    """Every story's books are what the oracle says: nothing lost, nothing doubled; and the ledger is sound."""
    with db.transaction() as session:
        found = books.read_all(session)
    for copy in copies:
        book = found[copy.token]
        assert (book.balances, book.commissions) == (copy.expected.balances, copy.expected.commissions), copy.token
    assert len(found) == len(copies)
    assert_ledger_sound()
