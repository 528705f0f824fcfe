"""What has been paid, or is in a payout, stays with the partner it was paid to unless a person moves it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.attribution.attribute import Attributions, Credited
from app.attribution.rules import NoCredit
from app.commissions.settling.rows import CommissionRow, ConversionRow
from app.partners.finding import directory
from app.stripe_events.scope import Scope


@dataclass(frozen=True, slots=True)
class Kept:
    """A payment's former credit, and whom it was kept against: `partner_id` (None: no partner), `is_by_hand`."""

    credit: Credited
    instead_of: Mapping[str, Any]


def load_kept(
    session: Session,
    scope: Scope,
    attributions: Attributions,
    conversions: Mapping[UUID, ConversionRow],
    commissions: Mapping[UUID, Sequence[CommissionRow]],
) -> dict[UUID, Kept]:
    """The payments that keep their partner against new evidence because it has money of them, by payment id.

    Args:
        conversions: by payment id.
        commissions: by conversion id.
    """
    disputed: dict[UUID, tuple[ConversionRow, Credited | NoCredit]] = {}
    for payment in attributions.records:
        conversion = conversions.get(payment.id)
        if payment.merged_into_id is not None or conversion is None:
            continue
        credit = attributions.credits.get(payment.id, NoCredit())
        if not _agrees(conversion, credit) and is_paid(commissions.get(conversion.id, ())):
            disputed[payment.id] = (conversion, credit)
    if not disputed:
        return {}
    partner_ids = {conversion.partner_id for conversion, _ in disputed.values()}
    people = directory.load_directory(session, scope.organization_id, partner_ids=partner_ids)
    times = {payment.id: payment.state.occurred_at for payment in attributions.records}
    return {
        payment_id: Kept(
            Credited(conversion.attribution_id, people.enrollments[conversion.partner_id], times[payment_id]),
            _conflict(credit),
        )
        for payment_id, (conversion, credit) in disputed.items()
    }


def is_in_payout(commissions: Iterable[CommissionRow]) -> bool:
    """Whether anything of these was ever in a payout that has not failed."""
    return any(one.position.clearing_minor or one.position.paid_minor or one.position.fee_minor for one in commissions)


def is_paid(commissions: Sequence[CommissionRow]) -> bool:
    """Whether anything of these has been paid or is on its way and not taken back since."""
    return any(
        one.position.clearing_minor or (one.position.paid_minor and one.position.held_minor) for one in commissions
    )


def _agrees(conversion: ConversionRow, credit: Credited | NoCredit) -> bool:
    if credit.moves_paid:
        return True
    return isinstance(credit, Credited) and credit.enrollment.partner_id == conversion.partner_id


def _conflict(credit: Credited | NoCredit) -> dict[str, Any]:
    """What now credits the payment otherwise."""
    if not isinstance(credit, Credited):
        return {"partner_id": None, "is_by_hand": False}
    return {"partner_id": ids.encode(ids.PARTNER, credit.enrollment.partner_id), "is_by_hand": credit.is_by_hand}
