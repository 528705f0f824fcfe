"""Many copies of one story in one database, each delivered in an order of its own, worked in different ways."""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from tests.books import Books
from tests.stripe_stories.facts import Event

TOGETHER = 20
"""How many copies are delivered at a time where they are mixed."""


@dataclass(frozen=True)
class Copy:
    """One copy of a story: the events in the order they arrive, and the books they must end in."""

    token: str
    events: tuple[Event, ...]
    expected: Books


def every_order(count: int, *, at_most: int | None, chance: random.Random) -> Iterator[tuple[int, ...]]:
    """The orders of `count` things: all of them, or the natural one, its reverse and a sample."""
    orders = list(permutations(range(count)))
    if at_most is None or at_most >= len(orders):
        return iter(orders)
    return iter([orders[0], orders[-1], *chance.sample(orders[1:-1], at_most - 2)])


def shuffled(events: Sequence[Event], chance: random.Random) -> tuple[Event, ...]:
    return tuple(chance.sample(events, len(events)))


def with_duplicates(events: Sequence[Event], chance: random.Random) -> tuple[Event, ...]:
    """`events` with one delivered again as it was, and one stated again by an event of another id, as Stripe does."""
    arriving = list(events)
    again = chance.choice(events)
    arriving.insert(chance.randrange(len(arriving) + 1), again)
    twin = chance.choice(events)
    twin = {**twin, "id": f"{twin['id']}twin"}
    arriving.insert(chance.randrange(len(arriving) + 1), twin)
    return tuple(arriving)


def in_turn(copies: Sequence[Copy], _chance: random.Random) -> Iterator[Event]:
    """All copies' first events, then all their second ones, and so on."""
    queues = [deque(copy.events) for copy in copies]
    while queues:
        for queue in queues:
            yield queue.popleft()
        queues = [queue for queue in queues if queue]


def one_after_another(copies: Sequence[Copy], _chance: random.Random) -> Iterator[Event]:
    """All events of the first copy, then all of the second."""
    for copy in copies:
        yield from copy.events


def mixed(copies: Sequence[Copy], chance: random.Random) -> Iterator[Event]:
    """The events of some copies at a time, shuffled together by chance, each copy's own order kept."""
    waiting = deque(deque(copy.events) for copy in copies)
    open_: list[deque[Event]] = []
    while waiting or open_:
        while waiting and len(open_) < TOGETHER:
            open_.append(waiting.popleft())
        place = chance.randrange(len(open_))
        yield open_[place].popleft()
        if not open_[place]:
            open_.pop(place)
