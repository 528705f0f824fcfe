"""Delivering many copies of a story at once, and comparing the books of each."""

import random
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import text

from app import db
from tests import books
from tests.conftest import Deliver, Tally, assert_ledger_sound

from .orders import Copy
from .ways import Way

SEED = 20_260_302

Compare = Callable[..., None]

_NOT_WELL = text("""
    SELECT stripe_id, type, outcome, attempts, last_error FROM stripe_events
    WHERE processed_at IS NULL OR attempts > 0 OR last_error IS NOT NULL OR outcome IN ('parked', 'unusable')
""")


@pytest.fixture
def chance() -> random.Random:
    """The same chance in every run."""
    return random.Random(SEED)


@pytest.fixture
def compare(deliver: Deliver, chance: random.Random, tally: Tally) -> Compare:
    """Deliver all copies, work the inbox in the given way, and compare every copy's books with what they must be.

    Copies that are `alike`, one story in many orders, must also show the same payments with the same outcomes, and so
    must all that the database holds from before.
    """

    def compare(copies: Sequence[Copy], way: Way, *, alike: bool = True) -> None:
        deliver(way.arrange(copies, chance))
        met = way.work(db.engine(), chance, copies)
        tally(f"orders: {way.name}", len(copies))
        tally("commits that met at the barrier", met)
        with db.transaction() as session:
            assert [tuple(row) for row in session.execute(_NOT_WELL)] == []
            found = books.read_all(session)
        for copy in copies:
            book = found[copy.token]
            assert (book.balances, book.commissions) == (copy.expected.balances, copy.expected.commissions), copy
        if alike:
            assert len({book.payments for book in found.values()}) == 1
        assert_ledger_sound()

    return compare
