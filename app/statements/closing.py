"""Closing a month: a statement for each partner, currency and mode in which something moved or is owed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk, ids
from app.errors import LedgerError
from app.immutable import immutable
from app.ledger import entries
from app.ledger.entries import RecordedLine
from app.ledger.recorded_time import balance_checkpoints, fences, past_balances
from app.ledger.recorded_time.fences import Begin
from app.ledger.recorded_time.past_balances import Balance
from app.mail_queue import queue
from app.mail_queue.queue import NewMail
from app.outbox import outbox
from app.outbox.outbox import Fact
from app.partners.managing import mails
from app.statements import views
from app.statements.digests import digest
from app.statements.models import Statement
from app.statements.movements import OWED, TOTALS, movements
from app.statements.periods import Period
from app.views import jsonable

_CLOSE = text("""
    INSERT INTO statement_periods
        (program_id, month, organization_id, time_zone, begins_at, ends_at, closed_at)
    VALUES (:program_id, :month, :organization_id, :time_zone, :begins_at, :ends_at, :closed_at)
    ON CONFLICT (program_id, month) DO NOTHING
    RETURNING month
""")

_LAST = text("""
    SELECT DISTINCT ON (partner_id, currency)
           partner_id, currency, number, hash, closing_accrued_minor, closing_payable_minor, closing_clearing_minor
    FROM statements WHERE program_id = :program_id AND livemode = :livemode
    ORDER BY partner_id, currency, number DESC
""")

# Events of the owner that arrived in the month and are not in its statements: without an outcome yet, or parked.
_UNPROCESSED = text("""
    SELECT (
        SELECT count(*) FROM due_events AS due JOIN stripe_events AS event ON event.id = due.event_id
        WHERE due.organization_id = :organization_id AND due.livemode = :livemode
          AND event.received_at >= :begins_at AND event.received_at < :ends_at
    ) + (
        SELECT count(*) FROM stripe_events
        WHERE organization_id = :organization_id AND livemode = :livemode AND outcome = 'parked'
          AND received_at >= :begins_at AND received_at < :ends_at
    )
""")

_Key = tuple[UUID, str]
"""A partner and a currency."""


@immutable
class _Former:
    """What the statement before this one ended with."""

    number: int = 0
    hash: str | None = None
    closing_accrued_minor: int = 0
    closing_payable_minor: int = 0
    closing_clearing_minor: int = 0

    def closing(self, name: str) -> int:
        """One of the three amounts that are owed, `accrued` for example."""
        return int(getattr(self, f"closing_{name}_minor"))


def close(session: Session, period: Period, fenced_at: datetime) -> int | None:
    """Close a month: store its end and its statements. Returns how many; None if it was closed meanwhile.

    Args:
        session: a transaction that sees all rows.
        period: the program's first month that is not closed.
        fenced_at: the program's last fence, which is not before the month's end: its entries are complete.

    Raises:
        LedgerError: the postings of the month do not lead from the former statement to the balance at its end. Nothing
            is stored.

    Effects: a second closing of the month waits for the end of this transaction.
    """
    if fenced_at < period.ends_at:
        raise LedgerError(f"the month {period.month} is closed only after a fence at its end")
    values = {**asdict(period), "closed_at": fenced_at}
    if session.scalar(_CLOSE, values) is None:
        return None
    rows = [row for livemode in (False, True) for row in _statements(session, period, values, livemode=livemode)]
    bulk.insert(session, Statement, rows)
    for livemode in (False, True):
        _record_closed(session, period, [row for row in rows if row["livemode"] == livemode], livemode=livemode)
    return len(rows)


def close_fenced(begin: Begin, period: Period) -> int | None:
    """Fence the program's entries, then close a month that is over, in transactions of its own. Returns as `close`.

    Raises:
        LedgerError: as `close`.
        Unavailable: posting left no gap for a fence.
    """
    with begin() as session:
        fenced_at = fences.fence(session, period.organization_id, period.program_id)
    is_more = True
    while is_more:
        with begin() as session:
            is_more = balance_checkpoints.advance(session, period.days, fenced_at)
    with begin() as session:
        return close(session, period, fenced_at)


def _record_closed(session: Session, period: Period, rows: Sequence[dict[str, Any]], *, livemode: bool) -> None:
    """Record for outbound webhooks and mails that these statements are closed."""
    if rows:
        outbox.record(
            session,
            organization_id=period.organization_id,
            livemode=livemode,
            types=["statement.closed"],
            facts=lambda _asked_for: [_closed(Statement(**row)) for row in rows],
            partner_ids=[row["partner_id"] for row in rows],
        )
        queue.write(session, _mails(period, rows, livemode=livemode))


def _mails(period: Period, rows: Sequence[dict[str, Any]], *, livemode: bool) -> list[NewMail]:
    """One mail for each partner, with the totals of its statements in all currencies."""
    by_partner: dict[UUID, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: str(row["currency"])):
        by_partner.setdefault(row["partner_id"], []).append(
            {
                "id": ids.encode(ids.STATEMENT, row["id"]),
                "currency": row["currency"],
                "earned_minor": row["earned_minor"],
                "paid_minor": row["paid_minor"],
                "owed_minor": sum(row[f"closing_{name}_minor"] for name in OWED),
            }
        )
    month, owner, program = period.month.isoformat(), period.organization_id, period.program_id
    subject = f"{month}:{'live' if livemode else 'test'}"
    return [
        mails.about_money(
            "monthly_summary",
            subject,
            owner,
            program,
            partner_id,
            livemode=livemode,
            details={"month": month, "statements": statements},
        )
        for partner_id, statements in by_partner.items()
    ]


def _closed(statement: Statement) -> Fact:
    data = jsonable(views.summary(statement))
    return Fact("statement.closed", data, statement.closed_at, partner_id=statement.partner_id)


def _statements(
    session: Session, period: Period, shared: Mapping[str, Any], *, livemode: bool
) -> Sequence[dict[str, Any]]:
    """The rows of one mode's statements, without those of partners to whom nothing happened and nothing is owed."""
    found = past_balances.load(session, period.days, period.ends_at, livemode=livemode)
    balances = {(balance.partner_id, balance.currency): balance for balance in found}
    scope = {**shared, "livemode": livemode}
    former = {(row.pop("partner_id"), row.pop("currency")): _Former(**row) for row in _rows(session, scope)}
    unprocessed = session.scalar(_UNPROCESSED, scope) or 0
    rows: list[dict[str, Any]] = []
    moved: set[_Key] = set()

    def add(key: _Key, lines: Sequence[RecordedLine]) -> None:
        before = former.get(key, _Former())
        row = _row(scope, key, before, lines, balances.get(key, Balance(*key)))
        rows.append({**row, "unprocessed_events": unprocessed})

    recorded = entries.load_recorded(session, period.days, period.begins_at, period.ends_at, livemode=livemode)
    for key, lines in groupby(recorded, key=lambda line: (line.partner_id, line.currency)):
        moved.add(key)
        add(key, list(lines))
    for key, balance in balances.items():
        if key not in moved and any(getattr(balance, f"{name}_minor") for name in OWED):
            add(key, ())
    return rows


def _rows(session: Session, scope: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    return [dict(row) for row in session.execute(_LAST, scope).mappings()]


def _row(
    scope: Mapping[str, Any], key: _Key, former: _Former, lines: Sequence[RecordedLine], balance: Balance
) -> dict[str, Any]:
    statement_id = ids.new()
    moved = movements(lines)
    opening = {name: former.closing(name) for name in OWED}
    closing = {name: opening[name] + moved.owed(name) for name in OWED}
    if closing != {name: getattr(balance, f"{name}_minor") for name in OWED}:
        public_id = ids.encode(ids.PARTNER, key[0])
        raise LedgerError(f"the month {scope['month']} of {public_id} in {key[1]} does not end with its balance")
    public_id = ids.encode(ids.STATEMENT, statement_id)
    return {
        **scope,
        "id": statement_id,
        "partner_id": key[0],
        "currency": key[1],
        "number": former.number + 1,
        **{f"opening_{name}_minor": minor for name, minor in opening.items()},
        **{f"closing_{name}_minor": minor for name, minor in closing.items()},
        **{name: getattr(moved, name) for name in TOTALS},
        "entry_count": len({line.entry_id for line in lines}),
        "previous_hash": former.hash,
        "hash": digest(public_id, scope["begins_at"], scope["ends_at"], former.hash, lines),
    }
