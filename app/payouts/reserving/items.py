"""Items of a run: what it was to pay to a partner in a currency, and what became of it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import bulk
from app.immutable import immutable
from app.payouts.models import PayoutRun, PayoutRunItem
from app.payouts.reserving.planning import Plan

KEY: Final = ("run_id", "partner_id", "currency")


@immutable
class ItemDone:
    """An item after its batch: reserved by a payout, or skipped."""

    plan: Plan
    payout_id: UUID | None = None


def insert(session: Session, run: PayoutRun, planned: Iterable[Plan]) -> None:
    """Store what a run is to pay and what it skips."""
    shared = {"run_id": run.id, "organization_id": run.organization_id, "livemode": run.livemode}
    rows = [
        {**shared, **_identity(plan), **_columns(plan), "state": "planned" if plan.is_paid else "skipped"}
        for plan in planned
    ]
    bulk.insert(session, PayoutRunItem, rows)


def load_planned(session: Session, run_id: UUID, *, partners: int, commissions: int) -> Sequence[PayoutRunItem]:
    """The next items of a batch: at most so many, and no more commissions than that, but at least one item."""
    ordered = (
        select(PayoutRunItem)
        .where(PayoutRunItem.run_id == run_id, PayoutRunItem.state == "planned")
        .order_by(PayoutRunItem.partner_id, PayoutRunItem.currency)
        .limit(partners)
    )
    chosen: list[PayoutRunItem] = []
    count = 0
    for item in session.scalars(ordered).all():
        count += item.commission_count
        if chosen and count > commissions:
            break
        chosen.append(item)
    return chosen


def write_done(session: Session, run: PayoutRun, done: Iterable[ItemDone]) -> None:
    """Store what became of a batch's items."""
    rows = [
        {
            "run_id": run.id,
            **_identity(each.plan),
            **_columns(each.plan),
            "state": "skipped" if each.payout_id is None else "reserved",
            "payout_id": each.payout_id,
        }
        for each in done
    ]
    bulk.update(session, PayoutRunItem, rows, key=KEY)


def _identity(plan: Plan) -> dict[str, Any]:
    return {"partner_id": plan.owed.partner_id, "currency": plan.owed.currency}


def _columns(plan: Plan) -> dict[str, Any]:
    return {
        "reason": plan.reason,
        "details": dict(plan.details),
        "commission_count": plan.owed.commission_count,
        "payable_minor": plan.owed.payable_minor,
        "minimum_minor": plan.minimum_minor,
        "gross_minor": plan.amounts.gross_minor,
        "fee_minor": plan.amounts.fee_minor,
        "net_minor": plan.amounts.net_minor,
        "method": plan.method_name,
        "fingerprint": plan.fingerprint,
    }
