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


def customers(count: int) -> list[Copy]:
    """So many customers of Ada's, in both shapes: each subscribes, renews, and is given a part of it back."""
    made_copies = []
    for number in range(count):
        cleo = Customer(OLD_AND_NEW[number % len(OLD_AND_NEW)], Marks(subscription="ada"))
        first = cleo.subscribes()
        second = cleo.renews(first)
        refund = cleo.is_refunded(first, 1000)
        expected = expected_books([first, second], [Returned(first, 1000)])
        made_copies.append(Copy(cleo.token, first.events + second.events + refund.events, expected))
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
