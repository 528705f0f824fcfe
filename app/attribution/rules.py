"""Which partner is credited, as a pure function of the known evidence, never of the order in which it arrived.

An *occasion* is a payment, or a checkout session without one, with every name found on it and on the subscription and
customer it belongs to. A subscription or customer is bound by its earliest credited occasion; its later payments
follow.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final, NamedTuple
from uuid import UUID

from app import ids
from app.attribution.carriers import CLIENT_REFERENCE, PROMOTION_CODE, RANK, SIGN_UP, TOUCHPOINT
from app.immutable import immutable
from app.partners.queries.directory import Directory, Enrollment, SnapshotTerms

CLOCKS_APART: Final = timedelta(seconds=300)
"""The most that Stripe's clock and ours may differ; the receiver has the same limit for signatures."""
STRIPE_SECOND: Final = timedelta(seconds=1)
"""Stripe's times are whole seconds, rounded down."""


@immutable
class Name:
    """One row of evidence.

    `distance` decides between names by the same carrier: a promotion code's own partner is nearer than its coupon's,
    and a sign-up that has the Stripe customer's id is nearer than one that has its e-mail address.
    `session_id` is the session named beside it. For a touchpoint it is the touchpoint's session, `name` is the id of
    the partner whose link was followed, and `evident_at` the time of the visit.
    """

    object_id: str
    carrier: str
    name: str
    field_path: str
    stripe_event_id: str
    evident_at: datetime
    distance: int = field(default=0, compare=False)
    session_id: str = ""
    touchpoint_id: UUID | None = None


@immutable
class Occasion:
    """A payment or session with the names that count for it. `key` orders occasions of the same time."""

    at: datetime
    key: str
    names: Sequence[Name]


@immutable
class Binding:
    """What credits a subscription, a customer or a single payment to a partner: a row of `attributions`.

    `subject` is the Stripe object that is bound, `name` the evidence that binds it, `bound_at` the time of the payment
    or session that does. `bound_since` is the time, by our clock, since which the subject is bound to this partner;
    None before it is stored. `snapshot_id` is the partner's snapshot in force at `bound_at`; None if it had none.
    `rival` is that of `Named`.
    """

    id: UUID
    subject: str
    program_id: UUID
    partner_id: UUID
    partner_organization_id: UUID | None
    snapshot_id: UUID | None
    name: Name
    bound_at: datetime
    bound_since: datetime | None = None
    rival: Mapping[str, str] | None = None

    def credits_same_as(self, other: "Binding") -> bool:
        """Whether both credit the same partner by the same name since the same time, beside the same rival."""
        decided = attrgetter("partner_id", "name", "bound_at", "snapshot_id", "rival")
        return bool(decided(self) == decided(other))


@immutable
class Credit:
    """The partner credited with a payment, the attribution behind it, and the time from which its customer is bound.

    Attributes:
        snapshot_id: the snapshot that the customer was bound under; None if it is not on record.
        is_by_hand: whether a person decided it.
        moves_paid: whether the decision also moves payments whose commission is paid or in a payout.
    """

    enrollment: Enrollment
    attribution_id: UUID
    bound_at: datetime
    snapshot_id: UUID | None = None
    is_by_hand: bool = False
    moves_paid: bool = False


@immutable
class NoCredit:
    """No partner is credited: none was named, or only `unknown_name`, or a person decided so.

    Attributes:
        is_outside_window: whether a partner's link was followed, but too long ago.
        by_hand: the reason of a person who decided that no partner earns; "" without such a decision.
        moves_paid: whether that holds for what has been paid as well.
    """

    unknown_name: str = ""
    is_outside_window: bool = False
    by_hand: str = ""
    moves_paid: bool = False


def covers(evident_at: datetime, window_days: int, paid_at: datetime) -> bool:
    """Whether evidence of `evident_at` may credit a payment of `paid_at`.

    Example: with a window of 30 days, evidence of 31 March credits a payment of 1 March, not one of 28 February.
    """
    return paid_at >= evident_at - timedelta(days=window_days)


Evident = tuple[Enrollment, Name]
"""A partner, and the name that identifies it."""


class Named(NamedTuple):
    """The partner that an occasion is credited to, and the name that identifies it.

    Where a link and a promotion name different partners, `rival` is the other partner in the form that is stored:
    `partner_id`, the `program_id` whose `coupon_precedence` decided, and `carrier`, `name`, `object_id`, `field_path`.
    """

    enrollment: Enrollment
    name: Name
    rival: Mapping[str, str] | None = None


def find_partner(occasion: Occasion, directory: Directory) -> Named | NoCredit:
    """The partner of the touchpoints of this occasion's sessions, else the one that its strongest carrier names.

    A promotion's partner comes last, or first if its program's `coupon_precedence` is `coupon`. A name that no partner
    has is skipped, and the next carrier counts. An inactive partner's name counts; its verdict explains why it earns
    nothing. A client reference that is no partner's code is the merchant's own id, not a name.
    """
    followed = [(enrolled, touch) for touch in _followed(occasion) if (enrolled := directory.find(touch.name))]
    within = [touch for touch in followed if _is_within(touch, occasion.at)]
    link, coupon = _chosen(within) if within else None, None
    unknown = ""
    for name in sorted(occasion.names, key=_strength):
        is_promotion = name.carrier == PROMOTION_CODE
        if name.carrier == TOUCHPOINT or (coupon if is_promotion else link):
            continue
        enrollment = directory.find(name.name)
        if any(_belongs_to_expired(name, enrollment, touch) for touch in followed):
            continue
        if enrollment is None:
            unknown = unknown or (name.name if name.carrier != CLIENT_REFERENCE else "")
        elif covers(name.evident_at, enrollment.attribution_window_days, occasion.at):
            link, coupon = (link, (enrollment, name)) if is_promotion else ((enrollment, name), coupon)
    if link and coupon and link[0].partner_id != coupon[0].partner_id:
        return _decided(link, coupon)
    if found := link or coupon:
        return Named(*found)
    return NoCredit(is_outside_window=True) if followed else NoCredit(unknown)


def _decided(link: Evident, coupon: Evident) -> Named:
    """The first of two partners by the `coupon_precedence` of the promotion's program, with the other as its rival."""
    is_coupon_first = coupon[0].coupon_precedence == "coupon"
    first, (other, name) = (coupon, link) if is_coupon_first else (link, coupon)
    rival = {
        "partner_id": ids.encode(ids.PARTNER, other.partner_id),
        "program_id": ids.encode(ids.PROGRAM, coupon[0].program_id),
        "carrier": name.carrier,
        "name": name.name,
        "object_id": name.object_id,
        "field_path": name.field_path,
    }
    return Named(*first, rival)


def _followed(occasion: Occasion) -> list[Name]:
    """The touchpoints before the occasion, each once, from the earliest on.

    An object that names a session was made after the visit. So the session's first touchpoint counts even if its time,
    by our clock, is up to `CLOCKS_APART` after the payment's time, by Stripe's clock.
    """
    touches: dict[UUID | None, Name] = {}
    for name in sorted(occasion.names, key=_strength):
        if name.carrier == TOUCHPOINT:
            touches.setdefault(name.touchpoint_id, name)
    in_order = sorted(touches.values(), key=_visit_order)
    firsts = {touch.session_id: touch for touch in reversed(in_order)}
    return [
        touch
        for touch in in_order
        if touch.evident_at < occasion.at + STRIPE_SECOND
        or (touch is firsts[touch.session_id] and touch.evident_at <= occasion.at + CLOCKS_APART)
    ]


def _is_within(followed: Evident, at: datetime) -> bool:
    """Whether the touchpoint is inside its program's window.

    Example: with a window of 30 days, a link followed on 1 March at noon counts until 31 March at noon, included.
    """
    enrollment, name = followed
    return name.evident_at >= at - timedelta(days=enrollment.attribution_window_days)


def _chosen(within: Sequence[Evident]) -> Evident:
    """The touchpoint that is credited, of several sorted by time.

    The model of the latest touchpoint's program decides, among the touchpoints of that program only: `last_touch` gives
    the latest, `first_touch` the first of that program.
    """
    latest = within[-1]
    if latest[0].attribution_model == "last_touch":
        return latest
    return next(touch for touch in within if touch[0].program_id == latest[0].program_id)


def _belongs_to_expired(name: Name, enrollment: Enrollment | None, expired: Evident) -> bool:
    """Whether a name was written because of a touchpoint that is outside the window, so that it does not count either.

    It has the touchpoint's session beside it, or names its partner without a session. A promotion code, a customer
    sign-up, and another partner's name, are evidence of their own.
    """
    expired_enrollment, expired_name = expired
    if name.session_id:
        return name.session_id == expired_name.session_id
    is_its = enrollment is not None and enrollment.partner_id == expired_enrollment.partner_id
    return is_its and name.carrier not in (PROMOTION_CODE, SIGN_UP)


def _visit_order(name: Name) -> tuple[datetime, str]:
    return (name.evident_at, str(name.touchpoint_id))


def _strength(name: Name) -> tuple[int, int, datetime, str, str, str]:
    return (RANK[name.carrier], name.distance, name.evident_at, name.object_id, name.name, name.stripe_event_id)


def find_binding(
    subject: str, occasions: Iterable[Occasion], directory: Directory, *, former: Binding | None = None
) -> Binding | None:
    """The binding these occasions make; None if none of them is credited to a partner that earns.

    A customer that is bound to a partner stays bound when the partner is paused. A partner that became active after
    that does not take the customer over, even if its evidence is earlier.
    """
    for occasion in sorted(occasions, key=lambda each: (each.at, each.key)):
        named = find_partner(occasion, directory)
        if not isinstance(named, NoCredit) and _may_bind(named[0], former):
            return new_binding(subject, named, occasion.at)
    return None


def new_binding(subject: str, named: Named, at: datetime) -> Binding:
    """A new binding of `subject` by a payment or session of this time."""
    enrollment = named.enrollment
    snapshots = enrollment.snapshots
    return Binding(
        ids.new(),
        subject,
        enrollment.program_id,
        enrollment.partner_id,
        enrollment.partner_organization_id,
        in_force(snapshots, at, bound_at=at).id if snapshots else None,
        named.name,
        at,
        rival=named.rival,
    )


def _may_bind(enrollment: Enrollment, former: Binding | None) -> bool:
    if former is None or former.bound_since is None:
        return enrollment.verdict() == "earns"
    if enrollment.partner_id == former.partner_id:
        return True
    return enrollment.verdict() == "earns" and enrollment.status_changed_at <= former.bound_since


def in_force(snapshots: Sequence[SnapshotTerms], at: datetime, *, bound_at: datetime) -> SnapshotTerms:
    """The snapshot for a payment of `at` by a customer bound at `bound_at`.

    The newest that was effective by then and applies to that customer; a payment older than all of them takes the
    first. Example: an amendment for new customers from 1 May leaves a customer bound in April on the older snapshot.
    """
    applicable = [
        snapshot
        for snapshot in snapshots
        if snapshot.effective_from <= at
        and (snapshot.applies_to == "all_customers" or snapshot.effective_from <= bound_at)
    ]
    return applicable[-1] if applicable else snapshots[0]
