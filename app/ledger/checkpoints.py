"""Checkpoints of statistics: advanced by the clock, and checked against the postings."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.bulk import encode
from app.immutable import immutable
from app.ledger.models import ALL_PARTNERS
from app.ledger.sums import ALL_DAYS, EVER, FIGURE_LIST, FIGURES, SPANS, SUMMED_FIGURES
from app.ledger.tail import moved

ENTRIES_AT_ONCE: Final = 20_000
"""The approximate number of entries in one step; a step is one transaction of a second or two."""


@immutable
class ProgramDays:
    """A program, its owner, and the time zone of its days."""

    program_id: UUID
    organization_id: UUID
    time_zone: str


@immutable
class Difference:
    """Days whose sums in one currency are not those of their postings, of a partner or of `ALL_PARTNERS`."""

    partner_id: UUID
    days: int
    """How many days; 0: all."""
    day: date
    """The first of them."""
    currency: str


# Programs that are behind: with entries of ended transactions after their checkpoint, without a checkpoint, or with an
# unusable one.
_BEHIND = text("""
    SELECT program.program_id, program.organization_id, program.time_zone
    FROM json_to_recordset(CAST(:programs AS json))
         AS program(program_id uuid, organization_id uuid, time_zone text)
    LEFT JOIN sums_checkpoints AS reached ON reached.program_id = program.program_id
    WHERE reached.below IS NULL
       OR reached.time_zone <> program.time_zone
       OR reached.below > pg_snapshot_xmin(pg_current_snapshot())
       OR EXISTS (
           SELECT FROM journal_entries AS entry
           WHERE entry.organization_id = program.organization_id AND entry.xid >= reached.below
             AND entry.xid < pg_snapshot_xmin(pg_current_snapshot())
       )
    ORDER BY program.program_id
""")

_BEGIN = text("""
    INSERT INTO sums_checkpoints (program_id, organization_id, below, time_zone)
    VALUES (:program_id, :organization_id, '0', :time_zone)
    ON CONFLICT (program_id) DO NOTHING
""")

_TAKE = text("""
    SELECT below::text AS since,
           time_zone <> :time_zone OR below > pg_snapshot_xmin(pg_current_snapshot()) AS is_useless
    FROM sums_checkpoints WHERE program_id = :program_id FOR UPDATE
""")

_FORGET = text("DELETE FROM commission_sums WHERE program_id = :program_id")

# All entries of a transaction are in the same step, however many they are, because its id is either below the new
# checkpoint or not.
_HORIZON = text("""
    SELECT coalesce(
        (SELECT entry.xid FROM journal_entries AS entry
         WHERE entry.organization_id = :organization_id AND entry.xid > CAST(:since AS xid8)
           AND entry.xid < pg_snapshot_xmin(pg_current_snapshot())
         ORDER BY entry.xid OFFSET :many LIMIT 1),
        pg_snapshot_xmin(pg_current_snapshot())
    )::text
""")

_KEY: Final = "program_id, livemode, partner_id, days, day, currency"
_SUMMED: Final = f"""
    daily AS MATERIALIZED (
        SELECT livemode, partner_id, currency, day, {SUMMED_FIGURES}
        FROM moved GROUP BY livemode, partner_id, currency, day
    ),
    due AS (
        SELECT CAST(:program_id AS uuid) AS program_id, livemode, partner_id, days, day, currency,
               CAST(:organization_id AS uuid) AS organization_id, {SUMMED_FIGURES}
        FROM (
            SELECT livemode, part.partner_id, part.days, currency, {FIGURE_LIST},
                   daily.day - CASE part.days WHEN {ALL_DAYS} THEN daily.day - CAST(:ever AS date)
                                              ELSE (daily.day - CAST(:ever AS date)) % part.days END AS day
            FROM daily CROSS JOIN LATERAL (
                SELECT daily.partner_id, unnest(CAST(:spans AS smallint[])) AS days
                UNION ALL SELECT '{ALL_PARTNERS}', unnest(CAST(:spans_of_all AS smallint[]))
            ) AS part
        ) AS every
        GROUP BY livemode, partner_id, days, day, currency
    )"""
_SPANS: Final = {"ever": EVER, "spans": [ALL_DAYS, *SPANS], "spans_of_all": [ALL_DAYS, 1]}
_BELOW: Final = "CAST(:below AS xid8)"
_AMONG: Final = "commission.program_id = :program_id"

_ADD = text(f"""
    WITH {moved(since="CAST(:since AS xid8)", below=_BELOW, among=_AMONG)}, {_SUMMED}
    INSERT INTO commission_sums AS kept ({_KEY}, organization_id, {FIGURE_LIST})
    SELECT {_KEY}, organization_id, {FIGURE_LIST} FROM due
    ON CONFLICT ({_KEY}) DO UPDATE
    SET {", ".join(f"{figure} = kept.{figure} + excluded.{figure}" for figure in FIGURES)}
""")

_REACH = text("""
    UPDATE sums_checkpoints SET below = CAST(:below AS xid8), time_zone = :time_zone WHERE program_id = :program_id
""")

_CHECKPOINTS = text("""
    SELECT program_id, organization_id, time_zone, below::text AS below FROM sums_checkpoints
    WHERE below <= pg_snapshot_xmin(pg_current_snapshot()) ORDER BY program_id
""")

_DIFFERENT = text(f"""
    WITH {moved(since="'0'::xid8", below=_BELOW, among=_AMONG)}, {_SUMMED},
    kept AS (SELECT * FROM commission_sums WHERE program_id = :program_id)
    SELECT coalesce(due.partner_id, kept.partner_id) AS partner_id, coalesce(due.days, kept.days) AS days,
           coalesce(due.day, kept.day) AS day, coalesce(due.currency, kept.currency) AS currency
    FROM due FULL JOIN kept USING ({_KEY})
    WHERE ({", ".join(f"coalesce(due.{figure}, 0)" for figure in FIGURES)})
        IS DISTINCT FROM ({", ".join(f"coalesce(kept.{figure}, 0)" for figure in FIGURES)})
    LIMIT 20
""")


def behind(session: Session, programs: Sequence[ProgramDays]) -> list[ProgramDays]:
    """Those of `programs` with entries after their checkpoints."""
    rows = session.execute(_BEHIND, {"programs": encode([asdict(program) for program in programs])})
    return [ProgramDays(*row) for row in rows]


def advance(session: Session, program: ProgramDays, *, many: int = ENTRIES_AT_ONCE) -> None:
    """Add up to about `many` entries after a program's checkpoint to its sums, and advance the checkpoint.

    No other transaction can add an entry below the new checkpoint, because it ends at the oldest running transaction.
    Expects a transaction under READ COMMITTED, seeing all rows. Effects: locks the checkpoint.
    """
    session.execute(_BEGIN, asdict(program))
    taken = session.execute(_TAKE, asdict(program)).mappings().one()
    values = {**asdict(program), **taken}
    if values.pop("is_useless"):
        session.execute(_FORGET, values)
        values["since"] = "0"
    values["below"] = session.scalar(_HORIZON, {**values, "many": many})
    session.execute(_ADD, {**values, **_SPANS})
    session.execute(_REACH, values)


def differences(session: Session) -> list[Difference]:
    """The differences between programs' sums and the postings below their checkpoints; there must be none."""
    found: list[Difference] = []
    for checkpoint in session.execute(_CHECKPOINTS).mappings().all():
        found += [Difference(*row) for row in session.execute(_DIFFERENT, {**checkpoint, **_SPANS})]
    return found
