"""The months of a program: which one runs, and which are over and not closed yet.

A month begins where the one before it ended; the first one begins with the month in which the program was made. It ends
with the month in the program's time zone of now.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.immutable import immutable
from app.ledger.checkpoints import ProgramDays


@immutable
class Period:
    """A month of a program that is not closed."""

    program_id: UUID
    organization_id: UUID
    time_zone: str
    month: date
    """Its first day."""
    begins_at: datetime
    ends_at: datetime

    @property
    def days(self) -> ProgramDays:
        """The program as the ledger's functions take it."""
        return ProgramDays(self.program_id, self.organization_id, self.time_zone)


# `first` is about the owner's first entry, by its transaction id. It matters only if it is of this program, and the
# program is dated later than it.
_NEXT = """
    SELECT program_id, organization_id, time_zone, month, begins_at,
           (month + interval '1 month') AT TIME ZONE time_zone AS ends_at
    FROM (
        SELECT program.id AS program_id, program.organization_id, program.time_zone,
               coalesce((last.month + interval '1 month')::date, begun.month) AS month,
               coalesce(last.ends_at, begun.month::timestamp AT TIME ZONE program.time_zone) AS begins_at
        FROM programs AS program
        LEFT JOIN LATERAL (
            SELECT month, ends_at FROM statement_periods WHERE program_id = program.id ORDER BY month DESC LIMIT 1
        ) AS last ON true
        LEFT JOIN LATERAL (
            SELECT id, recorded_at FROM journal_entries WHERE organization_id = program.organization_id
            ORDER BY xid LIMIT 1
        ) AS first ON true
        LEFT JOIN LATERAL (
            SELECT first.recorded_at FROM postings JOIN accounts ON accounts.id = postings.account_id
            WHERE postings.entry_id = first.id AND postings.line = 1 AND accounts.program_id = program.id
        ) AS own ON true
        CROSS JOIN LATERAL (
            SELECT date_trunc('month', least(program.created_at, own.recorded_at)
                                       AT TIME ZONE program.time_zone)::date AS month
        ) AS begun
        WHERE {those}
    ) AS next
"""
_DUE = text(
    f"{_NEXT.format(those='first.recorded_at IS NOT NULL')} "
    "WHERE (month + interval '1 month') AT TIME ZONE time_zone <= recording_clock() ORDER BY program_id"
)
_RUNNING = text(_NEXT.format(those="program.id = :program_id"))


def load_due(session: Session) -> list[Period]:
    """The first month of each program that is over and not closed; programs without any entry have none."""
    return [Period(**row) for row in session.execute(_DUE).mappings()]


def load_running(session: Session, program_id: UUID) -> Period:
    """The program's first month that is not closed; its end may have passed a moment ago."""
    return Period(**session.execute(_RUNNING, {"program_id": program_id}).mappings().one())
