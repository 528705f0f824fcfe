"""Snapshots: the terms stamped onto a partner, from which its future commissions are computed."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app import ids
from app.partners.models import Partner, Snapshot, Terms
from app.partners.terms import terms_in_force, valid_commission

Source = Literal["invite", "approval", "amendment"]
AppliesTo = Literal["new_customers", "all_customers"]


def in_force(session: Session, partner_id: UUID) -> Snapshot | None:
    """The partner's newest snapshot in force now; None while nothing was stamped yet."""
    return in_force_of_each(session, [partner_id]).get(partner_id)


def in_force_of_each(session: Session, partner_ids: Sequence[UUID]) -> dict[UUID, Snapshot]:
    """The newest snapshot in force now of each of these partners that has one."""
    rows = session.scalars(
        select(Snapshot)
        .where(Snapshot.partner_id.in_(partner_ids), Snapshot.effective_from <= datetime.now(UTC))
        .order_by(Snapshot.partner_id, Snapshot.effective_from.desc(), Snapshot.id.desc())
        .ext(distinct_on(Snapshot.partner_id))
    )
    return {snapshot.partner_id: snapshot for snapshot in rows}


def stamp_terms(session: Session, partner: Partner, source: Source, *, applies_to: AppliesTo = "all_customers") -> None:
    """Stamp the program's terms of today onto the partner."""
    terms = terms_in_force(session, partner.program_id)
    _stamp(session, partner, terms, terms.commission, terms.holdback_days, source, applies_to, is_override=False)


def stamp_override(
    session: Session,
    partner: Partner,
    source: Source,
    *,
    commission: Mapping[str, Any],
    holdback_days: int | None = None,
    applies_to: AppliesTo = "all_customers",
) -> None:
    """Stamp the partner's own commission; `holdback_days` None takes the program's. Raises InvalidRequest."""
    terms = terms_in_force(session, partner.program_id)
    own = valid_commission(commission, param="commission_snapshot.commission")
    days = terms.holdback_days if holdback_days is None else holdback_days
    _stamp(session, partner, terms, own, days, source, applies_to, is_override=True)


def amend_rate(session: Session, partner: Partner, rate_bps: int | None, applies_to: AppliesTo) -> None:
    """Set the partner's own percentage from now on; None returns to the program's terms of today.

    Appends a snapshot unless the one in force says the same already. What was earned stays as it is.
    """
    present = in_force(session, partner.id)
    if rate_bps is None:
        if present is not None and present.is_override:
            stamp_terms(session, partner, "amendment", applies_to=applies_to)
        return
    terms = terms_in_force(session, partner.program_id)
    commission = with_rate(present.commission if present else terms.commission, rate_bps)
    if present and present.is_override and (present.commission, present.applies_to) == (commission, applies_to):
        return
    days = present.holdback_days if present else terms.holdback_days
    _stamp(session, partner, terms, commission, days, "amendment", applies_to, is_override=True)


def with_rate(commission: Mapping[str, Any], rate_bps: int) -> dict[str, Any]:
    """`commission` at another percentage: it replaces the rate of percentage and recurring, and any other shape.

    Example: `with_rate({"type": "flat", "amount_cents": 500}, 2500) == {"type": "percentage", "bps": 2500}`.
    """
    if commission["type"] in {"percentage", "recurring"}:
        return {**commission, "bps": rate_bps}
    return {"type": "percentage", "bps": rate_bps}


def _stamp(
    session: Session,
    partner: Partner,
    terms: Terms,
    commission: Mapping[str, Any],
    holdback_days: int | None,
    source: Source,
    applies_to: AppliesTo,
    *,
    is_override: bool,
) -> None:
    session.add(
        Snapshot(
            id=ids.new(),
            organization_id=partner.organization_id,
            partner_organization_id=partner.partner_organization_id,
            partner_id=partner.id,
            terms_id=terms.id,
            commission=dict(commission),
            holdback_days=holdback_days,
            source=source,
            applies_to=applies_to,
            effective_from=datetime.now(UTC),
            is_override=is_override,
        )
    )
    session.flush()
