"""The same events in many orders at once: each copy has ids of its own, and its events are settled in turn."""

from collections.abc import Collection, Iterable, Sequence

from app import db
from tests import books
from tests.books import Books
from tests.conftest import Deliver, Drain, assert_ledger_sound
from tests.stripe_stories.facts import Event


def deliver_copies(copies: Sequence[Sequence[Iterable[Event]]], deliver: Deliver, drain: Drain) -> None:
    """Deliver what comes first in every copy and settle it, then what comes second, and so on.

    So no copy settles two of its moments together, and a hundred copies take as many batches as one.
    """
    for moments in zip(*copies, strict=True):
        deliver(event for moment in moments for event in moment)
        drain()


def books_of(copies: Sequence[object]) -> Collection[Books]:
    """The books of every copy by itself; the ledger is sound."""
    assert_ledger_sound()
    with db.transaction() as session:
        found = books.read_all(session)
    assert len(found) == len(copies)
    return found.values()
