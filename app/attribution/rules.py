"""Who is credited, as a pure function of the evidence known: never of the order in which it came.

An *occasion* is a payment, or a checkout session without one, with every name found on it and on the subscription and
customer it belongs to. A subscription or customer is bound by its earliest credited occasion; its later payments
follow.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from app.attribution.carriers import RANK
from app.partners.directory import Directory, Enrollment, SnapshotTerms


@dataclass(frozen=True, slots=True)
class Name:
    """One row of evidence.

    `distance` settles between names by one carrier: a promotion code's own partner stands nearer than its coupon's.
    """

    object_id: str
    carrier: str
    name: str
    field_path: str
    stripe_event_id: str
    evident_at: datetime
    distance: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Occasion:
    """A payment or session with the names that count for it. `key` settles ties of time."""

    at: datetime
    key: str
    names: Sequence[Name]


@dataclass(frozen=True, slots=True)
class Credit:
    """An occasion's partner and the name that says so."""

    enrollment: Enrollment
    name: Name


@dataclass(frozen=True, slots=True)
class NoCredit:
    """Nobody was named, or only `unknown_name`, which nobody has; or so a person decided.

    Attributes:
        by_hand: why a person decided that nobody earns; "" where nobody did.
        moves_paid: whether that holds for what has been paid as well.
    """

    unknown_name: str = ""
    by_hand: str = ""
    moves_paid: bool = False


@dataclass(frozen=True, slots=True)
class Binding:
    """What a subscription's or customer's earliest credited occasion says."""

    enrollment: Enrollment
    snapshot: SnapshotTerms
    name: Name
    bound_at: datetime

    def covers(self, paid_at: datetime) -> bool:
        """Whether it credits a payment of this time: any later one, and earlier ones up to the window."""
        return covers(self.name.evident_at, self.enrollment.attribution_window_days, paid_at)


def covers(evident_at: datetime, window_days: int, paid_at: datetime) -> bool:
    """Whether evidence of `evident_at` may credit a payment of `paid_at`.

    Example: with a window of 30 days, evidence of 31 March credits a payment of 1 March, not one of 28 February.
    """
    return paid_at >= evident_at - timedelta(days=window_days)


def credit(occasion: Occasion, directory: Directory) -> Credit | NoCredit:
    """Whom the strongest carrier of this occasion names.

    A name nobody has names nobody, so the next carrier is asked; an inactive partner's name does count, and the
    verdict says why it earns nothing.
    """
    unknown = ""
    for name in sorted(occasion.names, key=_belief):
        enrollment = directory.find(name.name)
        if enrollment is None:
            unknown = unknown or name.name
        elif covers(name.evident_at, enrollment.attribution_window_days, occasion.at):
            return Credit(enrollment, name)
    return NoCredit(unknown)


def _belief(name: Name) -> tuple[int, int, datetime, str, str, str]:
    return (RANK[name.carrier], name.distance, name.evident_at, name.object_id, name.name, name.stripe_event_id)


@dataclass(frozen=True, slots=True)
class Bond:
    """The partner a subject is bound to already, and since when by our clock."""

    partner_id: UUID
    since: datetime


def bind(occasions: Iterable[Occasion], directory: Directory, *, bond: Bond | None = None) -> Binding | None:
    """The binding these occasions make; None while none of them is credited to a partner that earns.

    Who is bound to a partner keeps it when it is paused. And a partner that has become active since takes nobody
    away from it: nothing it could have had while it was not active comes back to it.
    """
    for occasion in sorted(occasions, key=lambda one: (one.at, one.key)):
        credited = credit(occasion, directory)
        if isinstance(credited, Credit) and _may_bind(credited.enrollment, bond):
            snapshot = in_force(credited.enrollment.snapshots, occasion.at, bound_at=occasion.at)
            return Binding(credited.enrollment, snapshot, credited.name, occasion.at)
    return None


def _may_bind(enrollment: Enrollment, bond: Bond | None) -> bool:
    if bond is not None and enrollment.partner_id == bond.partner_id:
        return True
    return enrollment.earns and (bond is None or enrollment.status_changed_at <= bond.since)


def in_force(snapshots: Sequence[SnapshotTerms], at: datetime, *, bound_at: datetime) -> SnapshotTerms:
    """The snapshot for a payment of `at` by a customer bound at `bound_at`.

    The newest that was effective by then and applies to that customer; a payment older than all of them takes the
    first. Example: an amendment for new customers from 1 May leaves a customer bound in April on the older snapshot.
    """
    applicable = [
        one
        for one in snapshots
        if one.effective_from <= at and (one.applies_to == "all_customers" or one.effective_from <= bound_at)
    ]
    return applicable[-1] if applicable else snapshots[0]
