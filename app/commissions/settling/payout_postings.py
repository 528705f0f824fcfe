"""The steps of payouts and write-offs in the ledger: the only way in which they change commissions.

Every step takes the locks that a drain takes and reads the commissions' positions from the ledger after it, because
refunds and approvals change the same rows. Opening balances, which only these steps change, are locked after that.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk
from app.commissions import outbound_facts
from app.commissions.elsewhere.models import OpeningBalance
from app.commissions.models import Commission
from app.commissions.outbound_facts import Happened
from app.commissions.settling.settlement import Cause
from app.immutable import immutable
from app.ledger import balances, posting
from app.ledger.positions import Line, Position
from app.ledger.posting import Entry
from app.outbox.event_types import EventType
from app.payments import payment_rows

PayoutKind = Literal["payout", "payout_paid", "payout_failed", "payout_canceled", "payout_returned", "write_off"]
SCHEMA_VERSION: Final = 1
"""The version of an entry's details; increase it if readers must distinguish a new format."""


@immutable
class Taken:
    """A commission whose payment is locked, or a locked opening balance, with its position in the ledger."""

    id: UUID
    organization_id: UUID
    livemode: bool
    partner_organization_id: UUID | None
    program_id: UUID
    partner_id: UUID
    currency: str
    approved_at: datetime | None
    paid_at: datetime | None
    position: Position
    is_opening: bool = False


@immutable
class Step:
    """A step to be posted as one entry: commissions of one partner and currency, each with its lines.

    Attributes:
        key: the idempotency key, `pyt_…:paid`.
        kind: the entry's.
        parts: each commission or opening balance, taken, with lines that sum to zero.
        details: for the explanation: codes, ids and who decided.
        because: why, in a person's words, or a code; "" for nothing.
    """

    key: str
    kind: PayoutKind
    parts: Sequence[tuple[Taken, Sequence[Line]]]
    details: Mapping[str, Any]
    because: str = ""


_TAKEN: Final = text("""
    SELECT id, organization_id, livemode, partner_organization_id, program_id, partner_id, currency, approved_at,
           paid_at
    FROM commissions WHERE id = ANY(:commission_ids) ORDER BY id
""")
_TAKEN_OPENINGS: Final = text("""
    SELECT id, organization_id, livemode, partner_organization_id, program_id, partner_id, currency,
           occurred_at AS approved_at, paid_at, true AS is_opening
    FROM opening_balances WHERE id = ANY(:commission_ids) ORDER BY id FOR NO KEY UPDATE
""")
_PAYMENTS: Final = text("""
    SELECT DISTINCT payment_id FROM conversions
    WHERE id = ANY(ARRAY(SELECT conversion_id FROM commissions WHERE id = ANY(:commission_ids)))
""")


def take(session: Session, part_ids: Collection[UUID]) -> dict[UUID, Taken]:
    """Lock these commissions' payments as a drain does, and these opening balances; then load their positions.

    Expects no read of the positions before it in this transaction to be relied on. The oldest comes first.
    """
    if not part_ids:
        return {}
    values = {"commission_ids": list(part_ids)}
    payment_rows.lock(session, session.scalars(_PAYMENTS, values).all())
    rows = [dict(row) for query in (_TAKEN_OPENINGS, _TAKEN) for row in session.execute(query, values).mappings()]
    positions = balances.positions(session, [row["id"] for row in rows])
    taken = (Taken(**row, position=positions[row["id"]]) for row in rows)
    return {each.id: each for each in sorted(taken, key=lambda each: each.id)}


def reserving(gross_minor: int) -> list[Line]:
    """The lines that reserve so much of a commission's payable, negative where a debt is netted."""
    return [Line("partner_payable", gross_minor), Line("payout_clearing", -gross_minor)]


def releasing(gross_minor: int) -> list[Line]:
    """The lines that make a reserved part payable again."""
    return [Line("payout_clearing", gross_minor), Line("partner_payable", -gross_minor)]


def paying(gross_minor: int, fee_minor: int) -> list[Line]:
    """The lines by which a reserved part is paid, less the platform's fee."""
    lines = [
        Line("payout_clearing", gross_minor),
        Line("partner_paid", fee_minor - gross_minor),
        Line("platform_fee", -fee_minor),
    ]
    return [line for line in lines if line.amount_minor]


def returning(gross_minor: int, fee_minor: int) -> list[Line]:
    """The lines by which a paid part, with its share of the fee, becomes payable again."""
    lines = [
        Line("partner_paid", gross_minor - fee_minor),
        Line("platform_fee", fee_minor),
        Line("partner_payable", -gross_minor),
    ]
    return [line for line in lines if line.amount_minor]


def post(session: Session, steps: Sequence[Step], by: Cause) -> None:
    """Post each step as one entry, bring the rows of its parts to their new positions, and record the facts.

    A part may be in several steps, which follow each other. Expects the parts of one organization and mode from `take`
    in the same transaction. The cause's time is when the steps happened.
    """
    if not steps:
        return
    any_of = steps[0].parts[0][0]
    posting.post(session, any_of.organization_id, [_entry(step, by) for step in steps], livemode=any_of.livemode)
    changed = list(_changed(steps, by.occurred_at))
    bulk.update(session, Commission, [_commission_row(each) for each in changed if not each.is_opening], key=("id",))
    bulk.update(session, OpeningBalance, [_row(each) for each in changed if each.is_opening], key=("id",))
    happened = list(_happened(steps, by.occurred_at))
    if happened:
        outbound_facts.record(session, any_of.organization_id, livemode=any_of.livemode, happened=happened)


def _entry(step: Step, by: Cause) -> Entry:
    first, _ = step.parts[0]
    return Entry(
        key=step.key,
        kind=step.kind,
        program_id=first.program_id,
        partner_id=first.partner_id,
        partner_organization_id=first.partner_organization_id,
        currency=first.currency,
        parts=[(taken.id, lines) for taken, lines in step.parts],
        occurred_at=by.occurred_at,
        cause=by.by,
        details={"schema_version": SCHEMA_VERSION, "reason": step.kind, **step.details},
        because=step.because,
    )


def _happened(steps: Sequence[Step], occurred_at: datetime) -> Iterable[Happened]:
    """What the steps mean for each commission: it is paid, or not any more, or it is worth less.

    There are no facts about opening balances; those about the payout say what became of it.
    """
    before: dict[UUID, Taken] = {}
    after: dict[UUID, Position] = {}
    for step in steps:
        for taken, lines in step.parts:
            if not taken.is_opening:
                before.setdefault(taken.id, taken)
                after[taken.id] = after.get(taken.id, taken.position).after(lines)
    for commission_id, position in after.items():
        taken = before[commission_id]
        if (name := _fact_between(taken.position, position)) is not None:
            yield Happened(name, commission_id, taken.partner_id, occurred_at)


def _fact_between(former: Position, position: Position) -> EventType | None:
    """None for a reservation and for its end without payment: messages about the payout say so."""
    if former.net_minor != position.net_minor:
        return "commission.adjusted" if position.net_minor else "commission.reversed"
    was_paid, is_paid = (bool(each.paid_minor or each.fee_minor) for each in (former, position))
    if is_paid and position.status == "paid" and former.status != "paid":
        return "commission.paid"
    return "commission.adjusted" if was_paid and not is_paid and position.net_minor else None


def _changed(steps: Sequence[Step], occurred_at: datetime) -> Iterable[Taken]:
    """Each part after all steps."""
    after: dict[UUID, Taken] = {}
    for step in steps:
        for taken, lines in step.parts:
            former = after.get(taken.id, taken)
            position = former.position.after(lines)
            is_paid = bool(position.paid_minor or position.fee_minor)
            paid_at = (former.paid_at or occurred_at) if is_paid else None
            after[taken.id] = replace(former, position=position, paid_at=paid_at)
    return after.values()


def _row(taken: Taken) -> dict[str, Any]:
    position = taken.position
    return {
        "id": taken.id,
        "payable_minor": position.payable_minor,
        "clearing_minor": position.clearing_minor,
        "paid_minor": position.paid_minor,
        "fee_minor": position.fee_minor,
        "written_off_minor": position.written_off_minor,
        "paid_at": taken.paid_at,
    }


def _commission_row(taken: Taken) -> dict[str, Any]:
    return {**_row(taken), "status": taken.position.status}
