"""What Stripe holds of one account in one mode, kept so that any page of any list is found by bisection."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from heapq import merge
from math import inf
from threading import RLock

from tests.stripe_stories.documents import Document
from tests.stripe_stories.families import Family

Render = Callable[[Family], Document]
Order = tuple[float, float]
"""Where something stands in its lists: the second of its creation, and a running number within it."""

EARLIEST: Order = (-inf, -inf)
LATEST: Order = (inf, inf)


@dataclass(frozen=True, slots=True)
class Held:
    """One object as it stands now.

    Attributes:
        kind: its `object`, such as `charge`.
        render: its document in the shape asked for.
        refs: what its lists may be narrowed by: a field and its value.
    """

    kind: str
    id: str
    created: int
    number: int
    render: Render
    refs: Mapping[str, str]

    @property
    def order(self) -> Order:
        return (self.created, self.number)


@dataclass(frozen=True, slots=True)
class ListFilter:
    """Which part of a list is requested; both bounds are exclusive.

    Attributes:
        among: a field and the values that will do.
        passes: what else must hold, asked of each candidate.
        is_upward: begin with the oldest.
    """

    kind: str
    among: Mapping[str, Collection[str]]
    after: Order = EARLIEST
    before: Order = LATEST
    is_upward: bool = False
    passes: Callable[[Held], bool] = lambda _held: True


class Shelf:
    """All objects and events of one account in one mode. Any thread may read while the story goes on."""

    def __init__(self) -> None:
        self._by_id: dict[str, Held] = {}
        self._lists: defaultdict[tuple[str, str, str], list[Held]] = defaultdict(list)
        self._number = 0
        self.lock = RLock()

    def put(self, kind: str, object_id: str, created: int, render: Render, refs: Mapping[str, str | None]) -> Held:
        """Hold an object, or what it has become; it keeps the place its creation gave it."""
        with self.lock:
            known = self._by_id.get(object_id)
            self._number += 1
            held = Held(
                kind,
                object_id,
                known.created if known else created,
                known.number if known else self._number,
                render,
                {field: value for field, value in refs.items() if value is not None},
            )
            if known:
                self._take_out(known)
            self._by_id[object_id] = held
            for list_ in self._lists_of(held):
                insort(list_, held, key=_order)
            return held

    def get(self, object_id: str) -> Held | None:
        """What has this id."""
        return self._by_id.get(object_id)

    def count(self, kind: str) -> int:
        """How many of a kind there are."""
        return len(self._lists[kind, "", ""])

    def values(self, kind: str, field: str, patterns: Collection[str]) -> set[str]:
        """The values a field has anywhere that match one of the patterns, such as `charge.*`."""
        with self.lock:
            known = [value for kind_, field_, value in self._lists if (kind_, field_) == (kind, field)]
        return {value for value in known if any(fnmatchcase(value, pattern) for pattern in patterns)}

    def find(self, filters: ListFilter, limit: int) -> list[Held]:
        """The first `limit` that match, the newest first unless it goes upward."""
        with self.lock:
            found: list[Held] = []
            for held in self._candidates(filters):
                if len(found) == limit:
                    break
                if filters.passes(held) and all(held.refs.get(field) in good for field, good in filters.among.items()):
                    found.append(held)
            return found

    def _candidates(self, filters: ListFilter) -> Iterator[Held]:
        lists = self._shortest(filters)
        parts = [_part(list_, filters) for list_ in lists]
        return parts[0] if len(parts) == 1 else merge(*parts, key=_order, reverse=not filters.is_upward)

    def _shortest(self, filters: ListFilter) -> Sequence[list[Held]]:
        """The lists of the one field that leaves the fewest to look at."""
        choices = [[self._lists[filters.kind, "", ""]]]
        for field, values in filters.among.items():
            choices.append([self._lists.get((filters.kind, field, value), []) for value in values])
        return min(choices, key=lambda lists: sum(map(len, lists)))

    def _lists_of(self, held: Held) -> list[list[Held]]:
        narrow = [self._lists[held.kind, field, value] for field, value in held.refs.items()]
        return [self._lists[held.kind, "", ""], *narrow]

    def _take_out(self, held: Held) -> None:
        for list_ in self._lists_of(held):
            del list_[bisect_left(list_, held.order, key=_order)]


def _part(list_: list[Held], filters: ListFilter) -> Iterator[Held]:
    low = bisect_right(list_, filters.after, key=_order)
    high = bisect_left(list_, filters.before, key=_order)
    places = range(low, high) if filters.is_upward else range(high - 1, low - 1, -1)
    return (list_[place] for place in places)


def _order(held: Held) -> Order:
    return held.order
