"""Living lives: a chapter of many is told at once, then the clock strikes, then people decide; the oracle hears all."""

import random
from collections.abc import Sequence

from tests.books import Books
from tests.conftest import Deliver
from worker.drain import work_batch

from .lives import Life
from .orders import Copy, mixed


def tell_chapter(lives: Sequence[Life], number: int, deliver: Deliver, chance: random.Random) -> None:
    """Deliver one chapter of all lives, mixed, work it in batches of any size, and let the oracles hear of it."""
    copies = [
        Copy(life.customer.token, tuple(event for event, _ in life.chapters[number]), Books({}))
        for life in lives
        if life.chapters[number]
    ]
    deliver(mixed(copies, chance))
    work_everything(chance)
    for life in lives:
        life.ledger.hear(fact for _, fact in life.chapters[number] if fact is not None)


def work_everything(chance: random.Random) -> None:
    """Work the inbox in batches of any size until nothing is due."""
    while work_batch(chance.choice([3, 40, 500])):
        pass
