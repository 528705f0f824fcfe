"""Checks closed statements against the ledger: hashes, chains, and that each begins where the one before it ended."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import ids
from app.ledger import entries
from app.ledger.checkpoints import ProgramDays
from app.ledger.entries import RecordedLine
from app.statements.digests import digest
from app.statements.models import Statement, StatementPeriod
from app.statements.movements import OWED, TOTALS, movements

# A statement whose number, previous hash, opening or begin does not follow from the one before it.
_BROKEN = text("""
    SELECT id FROM (
        SELECT id, number, previous_hash, begins_at,
               opening_accrued_minor, opening_payable_minor, opening_clearing_minor,
               lag(number) OVER chain AS former_number, lag(hash) OVER chain AS former_hash,
               lag(ends_at) OVER chain AS former_end,
               coalesce(lag(closing_accrued_minor) OVER chain, 0) AS former_accrued,
               coalesce(lag(closing_payable_minor) OVER chain, 0) AS former_payable,
               coalesce(lag(closing_clearing_minor) OVER chain, 0) AS former_clearing
        FROM statements
        WINDOW chain AS (PARTITION BY partner_id, livemode, currency ORDER BY number)
    ) AS linked
    WHERE number <> coalesce(former_number, 0) + 1
       OR previous_hash IS DISTINCT FROM former_hash
       OR begins_at < former_end
       OR (opening_accrued_minor, opening_payable_minor, opening_clearing_minor)
          IS DISTINCT FROM (former_accrued, former_payable, former_clearing)
    ORDER BY id
""")

# A statement with which something was owed, and after which its partner has none in the next closed month.
_UNFOLLOWED = text("""
    SELECT former.id, next.month
    FROM statements AS former
    JOIN statement_periods AS next
      ON next.program_id = former.program_id AND next.month = former.month + interval '1 month'
    WHERE (former.closing_accrued_minor, former.closing_payable_minor, former.closing_clearing_minor) <> (0, 0, 0)
      AND NOT EXISTS (
          SELECT FROM statements AS statement
          WHERE statement.partner_id = former.partner_id AND statement.livemode = former.livemode
            AND statement.currency = former.currency AND statement.number > former.number
            AND statement.month = next.month
      )
    ORDER BY former.id
""")

# Months of a program follow each other without a gap.
_GAPS = text("""
    SELECT program_id, month FROM (
        SELECT program_id, month, begins_at, lag(ends_at) OVER months AS former_end,
               lag(month) OVER months AS former_month
        FROM statement_periods WINDOW months AS (PARTITION BY program_id ORDER BY month)
    ) AS linked
    WHERE begins_at <> former_end OR month <> former_month + interval '1 month'
    ORDER BY program_id, month
""")

_OF_THE_MONTH: Final = ("organization_id", "time_zone", "begins_at", "ends_at", "closed_at")
"""What every statement of a month has as the month has it."""


def broken_chains(session: Session) -> list[str]:
    """Statements that do not begin where the one before them ended, or that none follows; months that leave a gap."""
    broken = [ids.encode(ids.STATEMENT, row.id) for row in session.execute(_BROKEN)]
    gaps = [f"{ids.encode(ids.PROGRAM, row.program_id)}, {row.month:%Y-%m}" for row in session.execute(_GAPS)]
    ends = [
        f"{ids.encode(ids.STATEMENT, row.id)}, no statement of {row.month:%Y-%m} follows it"
        for row in session.execute(_UNFOLLOWED)
    ]
    return broken + ends + gaps


def changed(session: Session) -> Iterator[str]:
    """Statements whose hash or closing is not that of the ledger, and entries of closed months without a statement."""
    for period in session.scalars(select(StatementPeriod).order_by(StatementPeriod.program_id, StatementPeriod.month)):
        for livemode in (False, True):
            yield from _changed(session, period, livemode=livemode)


def _changed(session: Session, period: StatementPeriod, *, livemode: bool) -> Iterator[str]:
    program = ProgramDays(period.program_id, period.organization_id, period.time_zone)
    statements = _statements(session, period, livemode=livemode)
    recorded = entries.load_recorded(session, program, period.begins_at, period.ends_at, livemode=livemode)
    for key, lines in groupby(recorded, key=lambda line: (line.partner_id, line.currency)):
        statement = statements.pop(key, None)
        if statement is None:
            yield f"{ids.encode(ids.PARTNER, key[0])} has entries in {key[1]} and no statement of {period.month:%Y-%m}"
        elif not _is_intact(statement, period, list(lines)):
            yield ids.encode(ids.STATEMENT, statement.id)
    for statement in statements.values():
        if not _is_intact(statement, period, ()):
            yield ids.encode(ids.STATEMENT, statement.id)


def _statements(session: Session, period: StatementPeriod, *, livemode: bool) -> dict[tuple[UUID, str], Statement]:
    of_month = select(Statement).where(
        Statement.program_id == period.program_id, Statement.month == period.month, Statement.livemode == livemode
    )
    return {(statement.partner_id, statement.currency): statement for statement in session.scalars(of_month)}


def _is_intact(statement: Statement, period: StatementPeriod, lines: Sequence[RecordedLine]) -> bool:
    """Whether its hash, its sums and its number of entries are those of the postings, and its times of the month."""
    moved = movements(lines)
    public_id = ids.encode(ids.STATEMENT, statement.id)
    sums = all(getattr(statement, name) == getattr(moved, name) for name in TOTALS) and all(
        getattr(statement, f"closing_{name}_minor") - getattr(statement, f"opening_{name}_minor") == moved.owed(name)
        for name in OWED
    )
    counts = statement.entry_count == len({line.entry_id for line in lines})
    times = all(getattr(statement, name) == getattr(period, name) for name in _OF_THE_MONTH)
    bounds = statement.begins_at, statement.ends_at
    return sums and counts and times and statement.hash == digest(public_id, *bounds, statement.previous_hash, lines)
