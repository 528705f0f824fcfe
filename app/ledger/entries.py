"""Journal entries with their postings, to be read."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.ledger.checkpoints import ProgramDays
from app.ledger.recorded_time.fences import END_OF_TIME
from app.ledger.recorded_time.past_balances import IS_THEIRS, REACHED, TAIL


class PostedLine(NamedTuple):
    """A posting with the time, kind and cause of its entry; minor units, debits positive and credits negative."""

    entry_id: UUID
    occurred_at: datetime
    kind: str
    cause: str
    account: str
    amount_minor: int
    currency: str


_LINES = text("""
    SELECT entry.id AS entry_id, entry.occurred_at, entry.kind, entry.cause, account.kind AS account,
           posting.amount_minor, posting.currency
    FROM journal_entries AS entry
    JOIN postings AS posting ON posting.entry_id = entry.id
    JOIN accounts AS account ON account.id = posting.account_id
    WHERE entry.organization_id = :organization_id
    ORDER BY entry.id, posting.line
""")


def list_entries(session: Session, organization_id: UUID | None) -> Sequence[PostedLine]:
    """Every posting of an organization, entry by entry in the order they were posted."""
    rows = session.execute(_LINES, {"organization_id": organization_id})
    return [PostedLine(*row) for row in rows]


WITH_REASON: Final = """
    entry.details || coalesce(
        (SELECT jsonb_build_object('because', reason) FROM entry_reasons WHERE entry_id = entry.id), '{}'
    )
"""
"""The details of a journal entry `entry`, with the reason that a person gave as `because`."""


class RecordedLine(NamedTuple):
    """A posting for a partner with its entry; minor units, debits positive and credits negative."""

    partner_id: UUID
    currency: str
    entry_id: UUID
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    account: str
    amount_minor: int
    commission_id: UUID
    """The commission, or the opening balance, that it is about."""
    is_opening: bool
    details: Mapping[str, Any]
    """Of the entry, with the reason that a person gave as `because`; empty if they were not asked for."""


def _recorded(those: str, found: str, details: str) -> str:
    """The query; `those` limits checkpoints and `found` entries to partners, `details` is a column."""
    return f"""
    WITH {REACHED},
    listed AS MATERIALIZED (
        SELECT unnest(kept.entry_ids) AS entry_id FROM balance_checkpoints AS kept
        WHERE kept.program_id = :program_id AND kept.livemode = :livemode AND kept.recorded_before > :since
          AND kept.recorded_before <= coalesce((SELECT recorded_before FROM step), 'infinity') {those}
        UNION ALL {TAIL} {found}
    )
    SELECT commission.partner_id, posting.currency, entry.id AS entry_id, entry.kind, entry.occurred_at,
           entry.recorded_at, account.kind AS account, posting.amount_minor, posting.commission_id,
           commission.level IS NULL AS is_opening, {details} AS details
    FROM listed
    CROSS JOIN LATERAL (SELECT * FROM journal_entries WHERE id = listed.entry_id OFFSET 0) AS entry
    CROSS JOIN LATERAL (SELECT * FROM postings WHERE entry_id = listed.entry_id OFFSET 0) AS posting
    CROSS JOIN LATERAL (
        SELECT * FROM posted_commissions WHERE commission_id = posting.commission_id OFFSET 0
    ) AS commission
    CROSS JOIN LATERAL (SELECT kind FROM accounts WHERE id = posting.account_id OFFSET 0) AS account
    WHERE entry.recorded_at >= :since AND entry.recorded_at < :before AND commission.program_id = :program_id
    ORDER BY commission.partner_id, posting.currency, entry.recorded_at, entry.id, posting.line
"""


_OF_PROGRAM = text(_recorded("", "", "'{}'::jsonb"))
_OF_PARTNER = text(_recorded("AND kept.partner_id = ANY (:partner_ids)", IS_THEIRS, WITH_REASON))


def load_recorded(
    session: Session, program: ProgramDays, since: datetime, before: datetime, *, livemode: bool
) -> Iterator[RecordedLine]:
    """Every posting for a program's partners recorded from `since` on and before `before`, without details.

    By partner and currency, each in the order of recording.
    """
    values = {**_values(program, since, before), "livemode": livemode}
    rows = session.execute(_OF_PROGRAM.execution_options(yield_per=5000), values)
    return (RecordedLine(*row) for row in rows)


def load_recorded_of_partner(
    session: Session, program: ProgramDays, partner_id: UUID, since: datetime, before: datetime, *, livemode: bool
) -> list[RecordedLine]:
    """As `load_recorded`, for one partner and with the entries' details."""
    values = {**_values(program, since, before), "livemode": livemode, "partner_ids": [partner_id]}
    return [RecordedLine(*row) for row in session.execute(_OF_PARTNER, values)]


_COUNT = text(f"""
    WITH {REACHED},
    first AS MATERIALIZED (
        SELECT recorded_before FROM balance_checkpoints
        WHERE program_id = :program_id AND livemode = :livemode AND recorded_before > :since
        ORDER BY recorded_before LIMIT 1
    ),
    found AS MATERIALIZED ({TAIL} {IS_THEIRS} AND entry.recorded_at >= :since)
    SELECT currency, sum(entries)::bigint AS entries
    FROM (
        SELECT kept.currency, CASE WHEN kept.recorded_before = (SELECT recorded_before FROM first) THEN (
            SELECT count(*) FROM unnest(kept.entry_ids) AS listed(entry_id)
            CROSS JOIN LATERAL (SELECT recorded_at FROM journal_entries WHERE id = listed.entry_id OFFSET 0) AS entry
            WHERE entry.recorded_at >= :since
        ) ELSE cardinality(kept.entry_ids) END AS entries
        FROM balance_checkpoints AS kept
        WHERE kept.partner_id = ANY (:partner_ids) AND kept.livemode = :livemode AND kept.recorded_before > :since
        UNION ALL
        SELECT posting.currency, 1 FROM found
        CROSS JOIN LATERAL (SELECT DISTINCT currency FROM postings WHERE entry_id = found.entry_id OFFSET 0) AS posting
    ) AS every
    GROUP BY currency
""")
# Every entry of a step of checkpoints is after `since`, but in the step in which `since` is.


def count_of_partner(
    session: Session, program: ProgramDays, partner_id: UUID, since: datetime, *, livemode: bool
) -> Mapping[str, int]:
    """How many entries for a partner of a program were recorded from `since` on, by currency."""
    values = {**_values(program, since, END_OF_TIME), "livemode": livemode, "partner_ids": [partner_id]}
    return {row.currency: row.entries for row in session.execute(_COUNT, values) if row.entries}


def _values(program: ProgramDays, since: datetime, before: datetime) -> dict[str, Any]:
    return {
        "program_id": program.program_id,
        "organization_id": program.organization_id,
        "since": since,
        "before": before,
    }
