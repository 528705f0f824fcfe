"""Loading and stamping snapshots: the terms of one partner, from which its future commissions are computed."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app import ids
from app.errors import InvalidRequest
from app.immutable import immutable
from app.partners.models import Partner, Snapshot
from app.programs.models import Terms
from app.programs.shapes import shape_of, valid_commission
from app.programs.terms import terms_in_force

Source = Literal["invite", "approval", "amendment"]
AppliesTo = Literal["new_customers", "all_customers"]


def in_force(session: Session, partner_id: UUID, at: datetime | None = None) -> Snapshot | None:
    """The partner's newest snapshot in force at `at` (None: now); None if it had none at that time."""
    return in_force_of_each(session, [partner_id], at).get(partner_id)


def in_force_of_each(session: Session, partner_ids: Sequence[UUID], at: datetime | None = None) -> dict[UUID, Snapshot]:
    """The newest snapshot in force at `at` (None: now) by partner; partners without one have no entry."""
    rows = session.scalars(
        select(Snapshot)
        .where(Snapshot.partner_id.in_(partner_ids), Snapshot.effective_from <= (at or datetime.now(UTC)))
        .order_by(Snapshot.partner_id, Snapshot.effective_from.desc(), Snapshot.id.desc())
        .ext(distinct_on(Snapshot.partner_id))
    )
    return {snapshot.partner_id: snapshot for snapshot in rows}


def load_history(session: Session, partner_id: UUID) -> list[tuple[Snapshot, Terms]]:
    """All snapshots of the partner with their terms, by `effective_from`, latest first, future ones included."""
    rows = session.execute(
        select(Snapshot, Terms)
        .join(Terms, Terms.id == Snapshot.terms_id)
        .where(Snapshot.partner_id == partner_id)
        .order_by(Snapshot.effective_from.desc(), Snapshot.id.desc())
    )
    return [(snapshot, terms) for snapshot, terms in rows]


def stamp_terms(session: Session, partner: Partner, source: Source, *, applies_to: AppliesTo = "all_customers") -> None:
    """Append a snapshot with the program's terms in force, effective from now on."""
    terms = terms_in_force(session, partner.program_id)
    stamp = _Stamp(terms.commission, terms.holdback_days, applies_to, is_override=False)
    _insert(session, partner, terms.id, stamp, source, datetime.now(UTC))


def stamp_override(
    session: Session,
    partner: Partner,
    source: Source,
    *,
    commission: Mapping[str, Any],
    holdback_days: int | None = None,
    applies_to: AppliesTo = "all_customers",
) -> None:
    """Append a snapshot with the partner's own commission; for `holdback_days` None it has the program's holdback.

    Raises:
        InvalidRequest: names the wrong field of `commission`.
    """
    terms = terms_in_force(session, partner.program_id)
    valid = valid_commission(commission, param="commission_snapshot.commission")
    days = terms.holdback_days if holdback_days is None else holdback_days
    _insert(session, partner, terms.id, _Stamp(valid, days, applies_to, is_override=True), source, datetime.now(UTC))


def amend_rate(session: Session, partner: Partner, rate_bps: int | None, applies_to: AppliesTo) -> None:
    """Set the partner's own percentage from now on; None returns it to the program's terms in force.

    Appends a snapshot unless the one in force is equal already. Commissions earned before do not change.
    """
    present = in_force(session, partner.id)
    if rate_bps is None:
        if present is not None and present.is_override:
            stamp_terms(session, partner, "amendment", applies_to=applies_to)
        return
    before = present.commission if present else terms_in_force(session, partner.program_id).commission
    commission = shape_of(before).with_rate(rate_bps)
    if present and present.is_override and (present.commission, present.applies_to) == (commission, applies_to):
        return
    amend(session, partner, commission, applies_to=applies_to)


def amend(
    session: Session,
    partner: Partner,
    commission: Mapping[str, Any] | None,
    *,
    holdback_days: int | None = None,
    applies_to: AppliesTo = "all_customers",
    effective_from: datetime | None = None,
) -> None:
    """Append a snapshot with other terms from a time on, never in the past. Commissions earned before do not change.

    With a commission, base and ladder stay those of the partner's snapshot, even if the program's have changed.

    Args:
        session: appends a snapshot.
        partner: the partner.
        commission: its own commission; None returns to the program's terms in force, with their base and ladder.
        holdback_days: None: the holdback that will be in force at `effective_from`.
        applies_to: whether it applies to payments of all customers, or of customers attributed from then on.
        effective_from: None: now.

    Raises:
        InvalidRequest: `commission` is not valid, or `effective_from` is in the past.
    """
    now = datetime.now(UTC)
    if effective_from is not None and effective_from < now:
        raise InvalidRequest(
            f"effectiveFrom {effective_from.isoformat()} is in the past; send a later time, or leave it out to amend "
            "from now on",
            param="effectiveFrom",
        )
    since = effective_from or now
    before = in_force(session, partner.id, since) if commission is not None else None
    terms = session.get_one(Terms, before.terms_id) if before else terms_in_force(session, partner.program_id)
    present_days = before.holdback_days if before else terms.holdback_days
    stamp = _Stamp(
        terms.commission if commission is None else valid_commission(commission),
        present_days if holdback_days is None else holdback_days,
        applies_to,
        is_override=commission is not None,
    )
    _insert(session, partner, terms.id, stamp, "amendment", since)


@immutable
class _Stamp:
    """The contents of a snapshot to insert."""

    commission: Mapping[str, Any]
    holdback_days: int | None
    applies_to: AppliesTo
    is_override: bool


def _insert(
    session: Session, partner: Partner, terms_id: UUID, stamp: _Stamp, source: Source, effective_from: datetime
) -> None:
    session.add(
        Snapshot(
            id=ids.new(),
            organization_id=partner.organization_id,
            partner_organization_id=partner.partner_organization_id,
            partner_id=partner.id,
            terms_id=terms_id,
            commission=dict(stamp.commission),
            holdback_days=stamp.holdback_days,
            source=source,
            applies_to=stamp.applies_to,
            effective_from=effective_from,
            is_override=stamp.is_override,
        )
    )
    session.flush()
