"""Which events of a batch say something that was not known before them. Pure."""

from collections.abc import Mapping, Sequence

from app.payments.objects import LockedObjects
from app.payments.state.merging import merge
from app.payments.state.payment_group import KnownObject


def events_with_news(known: LockedObjects) -> frozenset[int]:
    """The ids of the events that added a fact to what is known, or a Stripe object; in the order of the batch.

    A fact stated again is no news, whenever it was stated. Example: of two deliveries of one `customer.created` in a
    batch only the first is among them.
    """
    return _with_news(known.before, known.told)


def _with_news(before: Mapping[str, KnownObject], told: Sequence[tuple[int, KnownObject]]) -> frozenset[int]:
    now = dict(before)
    found = set()
    for event_id, new in told:
        old = now.get(new.id)
        if old is not None and not _adds(old, new):
            continue
        now[new.id] = new if old is None else merge(old, new)
        if old is None or _says(now[new.id]) != _says(old):
            found.add(event_id)
    return frozenset(found)


def _adds(old: KnownObject, new: KnownObject) -> bool:
    """Whether `new` says anything that `old` does not; most of a batch does not, and needs no merging."""
    is_placed = new.customer in ("", old.customer) and new.subscription in ("", old.subscription)
    return not (is_placed and new.facts.items() <= old.facts.items())


def _says(known: KnownObject) -> tuple[str, str, Mapping[str, object]]:
    """What is known of it, apart from when that was stated last."""
    return (known.customer, known.subscription, known.facts)
