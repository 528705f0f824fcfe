"""The ways a set of copies is brought through the inbox."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from tests.stripe_stories.facts import Event
from worker.drain import work_batch

from .orders import Copy, in_turn, one_after_another
from .two_drains import run_two


@dataclass(frozen=True)
class Way:
    """How the copies' events are mixed in the inbox, and how it is worked until nothing is due.

    `work` gives how often two drains stood ready to commit at the same moment.
    """

    name: str
    arrange: Callable[[Sequence[Copy]], Iterator[Event]]
    work: Callable[[Engine, random.Random], int]


def _one_by_one(_engine: Engine, _chance: random.Random) -> int:
    while work_batch(1):
        pass
    return 0


def _in_batches(_engine: Engine, chance: random.Random) -> int:
    while work_batch(chance.randint(2, 9)):
        pass
    return 0


def _at_once(_engine: Engine, _chance: random.Random) -> int:
    while work_batch(10_000):
        pass
    return 0


def _two_narrow_drains(engine: Engine, _chance: random.Random) -> int:
    return run_two(engine, work_batch, (3, 2)).met


def _two_wide_drains(engine: Engine, chance: random.Random) -> int:
    return run_two(engine, work_batch, (chance.randint(40, 80), chance.randint(40, 80))).met


WAYS = (
    Way("one_by_one", in_turn, _one_by_one),
    Way("in_batches", one_after_another, _in_batches),
    Way("at_once", one_after_another, _at_once),
    Way("two_narrow_drains", one_after_another, _two_narrow_drains),
    Way("two_wide_drains", in_turn, _two_wide_drains),
)
