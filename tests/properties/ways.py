"""The ways a set of copies is brought through the inbox."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from tests.stripe_stories.facts import Event
from worker.inbox.drain import work_batch

from .orders import Copy, in_turn, mixed, one_after_another
from .two_drains import run_two

FEW = 100
"""The largest number of copies that are worked in batches of a few events."""


@dataclass(frozen=True)
class Way:
    """How the copies' events are mixed in the inbox, and how it is worked until nothing is due.

    `work` returns how often two drains were ready to commit at the same moment.
    """

    name: str
    arrange: Callable[[Sequence[Copy], random.Random], Iterator[Event]]
    work: Callable[[Engine, random.Random, Sequence[Copy]], int]


def _one_by_one(_engine: Engine, _chance: random.Random, copies: Sequence[Copy]) -> int:
    """No commit holds two events of one copy: the first events of all copies share a commit, and so on."""
    in_place = Counter(place for copy in copies for place in _places_of_first_arrivals(copy))
    for place in sorted(in_place):
        assert work_batch(in_place[place]) == in_place[place]
    return 0


def _places_of_first_arrivals(copy: Copy) -> Iterator[int]:
    """The places in the copy's order of events that arrive for the first time; repetitions are not stored."""
    seen: set[str] = set()
    for place, event in enumerate(copy.events):
        if event["id"] not in seen:
            seen.add(event["id"])
            yield place


def _in_batches(_engine: Engine, chance: random.Random, copies: Sequence[Copy]) -> int:
    least, most = (2, 9) if len(copies) <= FEW else (50, 400)
    while work_batch(chance.randint(least, most)):
        pass
    return 0


def _at_once(_engine: Engine, _chance: random.Random, _copies: Sequence[Copy]) -> int:
    while work_batch(10_000):
        pass
    return 0


def _two_narrow_drains(engine: Engine, _chance: random.Random, _copies: Sequence[Copy]) -> int:
    return run_two(engine, work_batch, (3, 2)).met


def _two_wide_drains(engine: Engine, chance: random.Random, _copies: Sequence[Copy]) -> int:
    return run_two(engine, work_batch, (chance.randint(40, 80), chance.randint(40, 80))).met


ONE_BY_ONE = Way("one_by_one", in_turn, _one_by_one)
IN_BATCHES = Way("in_batches", mixed, _in_batches)
TWO_WIDE_DRAINS = Way("two_wide_drains", mixed, _two_wide_drains)

WAYS = (
    ONE_BY_ONE,
    IN_BATCHES,
    Way("at_once", one_after_another, _at_once),
    Way("two_narrow_drains", one_after_another, _two_narrow_drains),
    TWO_WIDE_DRAINS,
)
FAST_WAYS = (ONE_BY_ONE, IN_BATCHES, TWO_WIDE_DRAINS)
"""The ways that are fast enough for thousands of copies."""
