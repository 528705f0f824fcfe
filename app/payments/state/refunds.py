"""What was refunded of a PaymentIntent or lone charge. Pure.

There are two sources, and both may be incomplete: refunds known by their ids, and the charge's own sum, which is valid
for the time of its statement. That sum also includes what was authorized and not captured, though it was never paid;
Stripe may also report this release as a separate refund, created no later than the capture.
"""

from collections.abc import Iterable

from app.immutable import immutable
from app.payments.facts import CAPTURED_AT, ENDED_AT, RETURNED_NOTHING, Kind
from app.payments.state.payment_group import KnownObject, PaymentGroup


@immutable
class Refunded:
    """What was refunded, minor units.

    Attributes:
        amount_minor: all of it.
        unnamed_minor: the part that only the charge's own sum contains.
        releases: ids of refunds that only released what was not captured.
    """

    amount_minor: int = 0
    unnamed_minor: int = 0
    releases: frozenset[str] = frozenset()


@immutable
class _Capture:
    """What a capture released, and the time of the capture, Unix seconds; None if no event has it."""

    released_minor: int
    at: int | None


def of_source(payment_group: PaymentGroup, source: str) -> Refunded:
    """What was refunded of one source, each of its charges by itself."""
    known = {charge.id: charge for charge in payment_group.objects[Kind.CHARGE]}
    intent = payment_group.find(Kind.PAYMENT_INTENT, source)
    parts = [
        _of_charge(known.get(charge), refunds, _capture(known.get(charge), intent))
        for charge, refunds in _by_charge(payment_group, source).items()
    ]
    return Refunded(
        sum(part.amount_minor for part in parts),
        sum(part.unnamed_minor for part in parts),
        frozenset().union(*(part.releases for part in parts)),
    )


def releases_in(payment_group: PaymentGroup) -> frozenset[str]:
    """The ids of refunds that returned no money: they released what was authorized and not captured."""
    return frozenset().union(*(of_source(payment_group, source).releases for source in payment_group.sources))


def _by_charge(payment_group: PaymentGroup, source: str) -> dict[str, list[KnownObject]]:
    """The refunds of each charge; refunds without a charge belong to the only charge, or are separate."""
    charges = payment_group.charges_of[source]
    found: dict[str, list[KnownObject]] = {charge: [] for charge in sorted(charges)}
    only = next(iter(charges)) if len(charges) == 1 else ""
    for refund in payment_group.about(Kind.REFUND, source):
        named = str(refund.facts.get("charge"))
        found.setdefault(named if named in charges else only, []).append(refund)
    return found


def _of_charge(charge: KnownObject | None, refunds: Iterable[KnownObject], capture: _Capture) -> Refunded:
    """The larger of both sums; the charge's own is updated by the refunds known by id."""
    releases = [refund for refund in refunds if _is_release(refund, capture)]
    others = [refund for refund in refunds if not _is_release(refund, capture)]
    # More than was released cannot be its release: the rest was captured and refunded in the same second.
    named_minor = _refunded_minor(others) + max(0, _refunded_minor(releases) - capture.released_minor)
    ids = frozenset(release.id for release in releases)
    if charge is None or charge.facts.get("amount_refunded") is None:
        return Refunded(named_minor, releases=ids)
    stated_minor = _by_charge_itself(charge, others, capture)
    if capture.at is None and 0 < capture.released_minor <= int(charge.facts["amount_refunded"]):
        # No event has the time of the capture, so a release cannot be distinguished from a refund: only the sum is
        # certain.
        named_minor = min(named_minor, max(0, stated_minor))
    amount_minor = max(named_minor, stated_minor)
    return Refunded(amount_minor, amount_minor - named_minor, ids)


def _by_charge_itself(charge: KnownObject, refunds: Iterable[KnownObject], capture: _Capture) -> int:
    """The charge's own sum without the release, and with the changes of refunds after its statement."""
    stated_at_seconds = charge.stated_at_seconds("amount_refunded")
    since = [refund for refund in refunds if _created_at(refund) > stated_at_seconds]
    undone = [refund for refund in refunds if _created_at(refund) <= stated_at_seconds < _ended_at(refund)]
    amount_minor = int(charge.facts["amount_refunded"]) - capture.released_minor
    return amount_minor + _refunded_minor(since) - sum(int(refund.facts["amount"]) for refund in undone)


def _capture(charge: KnownObject | None, intent: KnownObject | None) -> _Capture:
    """The release by the charge's or its PaymentIntent's amounts; the time of the capture by either."""
    known = [money for money in (charge, intent) if money is not None]
    released = [money.facts["amount_released"] for money in known if money.facts.get("amount_released") is not None]
    moments = [int(money.facts[CAPTURED_AT]) for money in known if CAPTURED_AT in money.facts]
    return _Capture(int(released[0]) if released else 0, max(moments, default=None))


def _is_release(refund: KnownObject, capture: _Capture) -> bool:
    """Only the release can be refunded before the capture."""
    return capture.released_minor > 0 and capture.at is not None and 0 < _created_at(refund) <= capture.at


def _refunded_minor(refunds: Iterable[KnownObject]) -> int:
    return sum(int(refund.facts["amount"]) for refund in refunds if refund.facts["status"] not in RETURNED_NOTHING)


def _created_at(refund: KnownObject) -> int:
    """When it was created, Unix seconds; 0 if its documents have no time: then the charge's sum contains it."""
    return int(refund.facts.get("created") or 0)


def _ended_at(refund: KnownObject) -> int:
    """When it failed or was canceled, Unix seconds; 0 if it did not."""
    if refund.facts["status"] not in RETURNED_NOTHING:
        return 0
    return int(refund.facts.get(ENDED_AT) or refund.stated_at_seconds("status"))
