"""What has been paid, or is in a payout, stays with the partner it was paid to unless a person moves it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.attribution.attribute import PaymentCredit
from app.attribution.rules import Credit, NoCredit
from app.commissions.settling.rows import CommissionRow, ConversionRow
from app.partners.finding import directory
from app.stripe_events.scope import Scope


def load_kept(
    session: Session,
    scope: Scope,
    credited: Sequence[PaymentCredit],
    conversions: Mapping[UUID, ConversionRow],
    commissions: Mapping[UUID, Sequence[CommissionRow]],
) -> dict[UUID, tuple[Credit, Mapping[str, Any]]]:
    """The payments that keep their partner against new evidence, because it was paid for them.

    Args:
        session: holds the payments' locks.
        scope: where they belong.
        credited: the payments with their credits of now.
        conversions: by payment id.
        commissions: by conversion id.

    Returns:
        By payment id the credit that stays, and whom it stays against: `partner_id` (None: no partner), `is_by_hand`.
    """
    disputed: dict[UUID, tuple[ConversionRow, PaymentCredit]] = {}
    for one in credited:
        conversion = conversions.get(one.payment.id)
        if one.payment.merged_into_id is not None or conversion is None:
            continue
        if not _agrees(conversion, one.credit) and is_paid(commissions.get(conversion.id, ())):
            disputed[one.payment.id] = (conversion, one)
    if not disputed:
        return {}
    partner_ids = {conversion.partner_id for conversion, _ in disputed.values()}
    enrollments = directory.load_directory(session, scope.organization_id, partner_ids=partner_ids).enrollments
    found: dict[UUID, tuple[Credit, Mapping[str, Any]]] = {}
    for payment_id, (conversion, one) in disputed.items():
        enrollment, occurred_at = enrollments[conversion.partner_id], one.payment.state.occurred_at
        found[payment_id] = (Credit(enrollment, conversion.attribution_id, occurred_at), _conflict(one.credit))
    return found


def is_in_payout(commissions: Iterable[CommissionRow]) -> bool:
    """Whether anything of these was ever in a payout that has not failed."""
    return any(one.position.clearing_minor or one.position.paid_minor or one.position.fee_minor for one in commissions)


def is_paid(commissions: Sequence[CommissionRow]) -> bool:
    """Whether anything of these has been paid or is on its way and not taken back since."""
    return any(
        one.position.clearing_minor or (one.position.paid_minor and one.position.held_minor) for one in commissions
    )


def _agrees(conversion: ConversionRow, credit: Credit | NoCredit) -> bool:
    if credit.moves_paid:
        return True
    return isinstance(credit, Credit) and credit.enrollment.partner_id == conversion.partner_id


def _conflict(credit: Credit | NoCredit) -> dict[str, Any]:
    """What credits the payment otherwise by now."""
    if not isinstance(credit, Credit):
        return {"partner_id": None, "is_by_hand": False}
    return {"partner_id": ids.encode(ids.PARTNER, credit.enrollment.partner_id), "is_by_hand": credit.is_by_hand}
