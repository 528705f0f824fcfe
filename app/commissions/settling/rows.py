"""Rows of conversions and commissions: loads them with their amounts in the ledger, inserts and updates them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk
from app.commissions.models import Commission, Conversion
from app.immutable import immutable
from app.ledger import balances
from app.ledger.positions import Position
from app.stripe_events.scope import Scope


@immutable
class ConversionRow:
    """A conversion as it should be; `stored` is the row in the database, None if there is none yet."""

    id: UUID
    payment_id: UUID
    program_id: UUID
    partner_id: UUID
    partner_organization_id: UUID | None
    attribution_id: UUID
    verdict: str
    uplines: Sequence[Mapping[str, Any]] | None = None
    email_mark: str = ""
    stored: Mapping[str, Any] | None = None


@immutable
class CommissionRow:
    """A commission as it should be, with its amounts in the ledger. Amounts in minor units of `currency`.

    `stored` is the row in the database, None while there is none.
    """

    id: UUID
    conversion_id: UUID
    program_id: UUID
    partner_id: UUID
    partner_organization_id: UUID | None
    level: int
    cycle: int | None
    snapshot_id: UUID
    terms_id: UUID
    currency: str
    rate_bps: int | None
    approved_before: int | None
    base_minor: int
    amount_minor: int
    entry_count: int
    calculation: Mapping[str, Any]
    holdback_days: int | None
    accrued_at: datetime
    mature_at: datetime | None
    approved_at: datetime | None = None
    paid_at: datetime | None = None
    position: Position = field(default_factory=Position)
    stored: Mapping[str, Any] | None = None

    @property
    def target_minor(self) -> int:
        """What it should be worth, after everything that was returned."""
        return int(self.calculation["target_minor"])

    @property
    def was_in_payout(self) -> bool:
        """Whether any part of it was in a payout that has not failed."""
        return bool(self.position.clearing_minor or self.position.paid_minor or self.position.fee_minor)

    @property
    def is_paid(self) -> bool:
        """Whether any part of it is paid or in a payout, and was not reversed since."""
        return bool(self.position.clearing_minor or (self.position.paid_minor and self.position.net_minor))


_CONVERSIONS = text("""
    SELECT id, payment_id, program_id, partner_id, partner_organization_id, attribution_id, verdict, email_mark, uplines
    FROM conversions WHERE payment_id = ANY(:payment_ids)
""")

_COMMISSIONS = text("""
    SELECT id, conversion_id, program_id, partner_id, partner_organization_id, level, cycle, snapshot_id, terms_id,
           currency, rate_bps, approved_before, base_minor, amount_minor, entry_count, calculation, holdback_days,
           accrued_at, mature_at, approved_at, paid_at, status
    FROM commissions WHERE conversion_id = ANY(:conversion_ids) ORDER BY id
""")


def load_conversions(session: Session, payment_ids: Sequence[UUID]) -> dict[UUID, ConversionRow]:
    """The conversions of these payments, by payment id."""
    rows = session.execute(_CONVERSIONS, {"payment_ids": payment_ids}).mappings() if payment_ids else ()
    return {row["payment_id"]: ConversionRow(**row, stored=dict(row)) for row in rows}


def load_commissions(session: Session, conversion_ids: Sequence[UUID]) -> dict[UUID, list[CommissionRow]]:
    """The commissions of these conversions with their amounts in the ledger, by conversion id."""
    if not conversion_ids:
        return {}
    rows = session.execute(_COMMISSIONS, {"conversion_ids": conversion_ids}).mappings().all()
    positions = balances.positions(session, [row["id"] for row in rows])
    found: dict[UUID, list[CommissionRow]] = {}
    for row in rows:
        values = {name: value for name, value in row.items() if name != "status"}
        commission = CommissionRow(**values, position=positions[row["id"]], stored=dict(row))
        found.setdefault(commission.conversion_id, []).append(commission)
    return found


def insert_and_update(
    session: Session,
    scope: Scope,
    conversions: Iterable[ConversionRow],
    commissions: Iterable[CommissionRow],
) -> None:
    """Insert the new rows and update the changed ones."""
    conversion_rows = [(conversion.stored, _conversion_row(conversion)) for conversion in conversions]
    commission_rows = [(commission.stored, _commission_row(commission)) for commission in commissions]
    for model, rows in ((Conversion, conversion_rows), (Commission, commission_rows)):
        owner = {"organization_id": scope.organization_id, "livemode": scope.livemode}
        fresh = [{**owner, **row} for stored, row in rows if stored is None]
        changed = [
            row
            for stored, row in rows
            if stored is not None and any(name in stored and stored[name] != value for name, value in row.items())
        ]
        bulk.insert(session, model, fresh)
        bulk.update(session, model, changed, key=("id",))


def _conversion_row(conversion: ConversionRow) -> dict[str, Any]:
    return {
        "id": conversion.id,
        "payment_id": conversion.payment_id,
        "program_id": conversion.program_id,
        "partner_id": conversion.partner_id,
        "partner_organization_id": conversion.partner_organization_id,
        "attribution_id": conversion.attribution_id,
        "verdict": conversion.verdict,
        "uplines": conversion.uplines,
        "email_mark": conversion.email_mark,
    }


def _commission_row(commission: CommissionRow) -> dict[str, Any]:
    position = commission.position
    return {
        "id": commission.id,
        "conversion_id": commission.conversion_id,
        "program_id": commission.program_id,
        "partner_id": commission.partner_id,
        "partner_organization_id": commission.partner_organization_id,
        "level": commission.level,
        "cycle": commission.cycle,
        "snapshot_id": commission.snapshot_id,
        "terms_id": commission.terms_id,
        "currency": commission.currency,
        "rate_bps": commission.rate_bps,
        "approved_before": commission.approved_before,
        "base_minor": commission.base_minor,
        "amount_minor": commission.amount_minor,
        "accrued_minor": position.accrued_minor,
        "payable_minor": position.payable_minor,
        "clearing_minor": position.clearing_minor,
        "paid_minor": position.paid_minor,
        "fee_minor": position.fee_minor,
        "written_off_minor": position.written_off_minor,
        "entry_count": commission.entry_count,
        "status": position.status,
        "calculation": dict(commission.calculation),
        "holdback_days": commission.holdback_days,
        "accrued_at": commission.accrued_at,
        "mature_at": commission.mature_at,
        "approved_at": commission.approved_at,
        "paid_at": commission.paid_at,
    }
