"""Checkpoints of balances by recorded time: advanced by the clock, and checked against the postings."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.bulk import encode
from app.immutable import immutable
from app.ledger.checkpoints import ProgramDays
from app.ledger.recorded_time.past_balances import BALANCE_FIELDS, MOVED

ENTRIES_OF_A_STEP: Final = 1_000
"""After so many entries of an owner there is a checkpoint, also after a long time without a clock. There is at least
one a day while entries come. A balance reads up to so many entries, and each checkpoint has a row for each partner."""
STEPS_AT_ONCE: Final = 100
"""The most checkpoints of one transaction, which takes a few seconds then."""


@immutable
class Difference:
    """A checkpoint that is not what the postings say."""

    partner_id: UUID
    currency: str
    recorded_before: datetime | None
    """None: entries after the partner's last checkpoint, which it should include."""


# The newest entries by transaction id are about the newest by time, and have an index. Which programs are due needs to
# be no more exact than that: a day later they are due for certain.
_DUE = text("""
    SELECT program.program_id, program.organization_id, program.time_zone
    FROM json_to_recordset(CAST(:programs AS json))
         AS program(program_id uuid, organization_id uuid, time_zone text)
    LEFT JOIN balances_reached AS reached ON reached.program_id = program.program_id
    CROSS JOIN LATERAL (
        SELECT recorded_at FROM journal_entries WHERE organization_id = program.organization_id
        ORDER BY xid DESC LIMIT 1
    ) AS newest
    WHERE reached.until IS NULL
       OR reached.below > pg_snapshot_xmin(pg_current_snapshot())
       OR newest.recorded_at >= reached.until AND (
           reached.until < recording_clock() - interval '1 day'
           OR (SELECT recorded_at FROM journal_entries WHERE organization_id = program.organization_id
               ORDER BY xid DESC OFFSET :many - 1 LIMIT 1) >= reached.until
       )
    ORDER BY program.program_id
""")

_BEGIN = text("""
    INSERT INTO balances_reached (program_id, organization_id, until, below)
    VALUES (:program_id, :organization_id, '-infinity', '0') ON CONFLICT (program_id) DO NOTHING
""")

_TAKE = text("""
    SELECT until::text AS since,
           CASE WHEN below <= pg_snapshot_xmin(pg_current_snapshot()) THEN below ELSE '0' END::text AS below
    FROM balances_reached WHERE program_id = :program_id FOR UPDATE
""")

# The ends of the steps: each has `:many` entries, or more if the last of them have the same time.
_ENDS = text("""
    SELECT DISTINCT recorded_at + interval '1 microsecond' AS step_end FROM (
        SELECT recorded_at, row_number() OVER (ORDER BY recorded_at) AS place FROM journal_entries
        WHERE organization_id = :organization_id AND xid >= CAST(:below AS xid8)
          AND recorded_at >= CAST(:since AS timestamptz) AND recorded_at < :fenced_at
    ) AS ordered
    WHERE place % :many = 0 ORDER BY step_end LIMIT :steps
""")

_NAMES: Final = ", ".join(BALANCE_FIELDS)

_ADD = text(f"""
    WITH listed AS MATERIALIZED (
        SELECT id AS entry_id,
               (CAST(:ends AS timestamptz[]))[width_bucket(recorded_at, CAST(:ends AS timestamptz[])) + 1] AS step_end
        FROM journal_entries
        WHERE organization_id = :organization_id AND xid >= CAST(:below AS xid8)
          AND recorded_at >= CAST(:since AS timestamptz) AND recorded_at < :until
    ),
    {MOVED},
    steps AS MATERIALIZED (
        SELECT partner_id, currency, livemode, step_end, array_agg(entry_id ORDER BY entry_id) AS entry_ids,
               {", ".join(f"(sum(sum({name})) OVER so_far)::bigint AS {name}" for name in BALANCE_FIELDS)}
        FROM moved JOIN listed USING (entry_id) GROUP BY partner_id, currency, livemode, step_end
        WINDOW so_far AS (PARTITION BY partner_id, currency, livemode ORDER BY step_end)
    )
    INSERT INTO balance_checkpoints
        (program_id, organization_id, partner_id, currency, livemode, recorded_before, entry_ids, {_NAMES})
    SELECT :program_id, :organization_id, step.partner_id, step.currency, step.livemode, step.step_end, step.entry_ids,
           {", ".join(f"step.{name} + coalesce(newest.{name}, 0)" for name in BALANCE_FIELDS)}
    FROM steps AS step LEFT JOIN LATERAL (
        SELECT * FROM balance_checkpoints AS kept
        WHERE kept.partner_id = step.partner_id AND kept.livemode = step.livemode AND kept.currency = step.currency
        ORDER BY kept.recorded_before DESC LIMIT 1
    ) AS newest ON true
""")

# Between the last fence and this checkpoint there are entries of any transaction; after a checkpoint at the fence, only
# of those that its `below` names, and of earlier ones if the clock was set back after them.
_REACH = text("""
    UPDATE balances_reached AS reached
    SET until = greatest(reached.until, :until),
        below = CASE WHEN :until >= fence.fenced_at THEN coalesce((
            SELECT xid FROM journal_entries
            WHERE organization_id = :organization_id AND xid >= CAST(:below AS xid8) AND xid < fence.below
              AND recorded_at >= :until
            ORDER BY xid LIMIT 1
        ), fence.below) ELSE CAST(:below AS xid8) END
    FROM ledger_fences AS fence
    WHERE reached.program_id = :program_id AND fence.program_id = reached.program_id
""")

_REACHED = text("SELECT program_id, organization_id FROM balances_reached ORDER BY program_id")

# From the postings of all entries recorded before the last checkpoint: what each partner's balances grow to, and where
# each entry is listed. Entries between two checkpoints of a partner belong to the later one.
_DIFFERENT = text(f"""
    WITH listed AS MATERIALIZED (
        SELECT id AS entry_id FROM journal_entries
        WHERE organization_id = :organization_id
          AND recorded_at < (SELECT until FROM balances_reached WHERE program_id = :program_id)
    ),
    {MOVED},
    due AS (
        SELECT moved.*, coalesce(kept.recorded_before, 'infinity') AS recorded_before
        FROM moved
        JOIN journal_entries AS entry ON entry.id = moved.entry_id
        LEFT JOIN LATERAL (
            SELECT recorded_before FROM balance_checkpoints AS kept
            WHERE kept.partner_id = moved.partner_id AND kept.livemode = moved.livemode
              AND kept.currency = moved.currency AND kept.recorded_before > entry.recorded_at
            ORDER BY kept.recorded_before LIMIT 1
        ) AS kept ON true
    ),
    steps AS (
        SELECT partner_id, currency, livemode, recorded_before, array_agg(entry_id ORDER BY entry_id) AS entry_ids,
               {", ".join(f"(sum(sum({name})) OVER kept_before)::bigint AS {name}" for name in BALANCE_FIELDS)}
        FROM due GROUP BY partner_id, currency, livemode, recorded_before
        WINDOW kept_before AS (PARTITION BY partner_id, currency, livemode ORDER BY recorded_before)
    ),
    kept AS (SELECT * FROM balance_checkpoints WHERE program_id = :program_id)
    SELECT coalesce(steps.partner_id, kept.partner_id), coalesce(steps.currency, kept.currency),
           nullif(coalesce(steps.recorded_before, kept.recorded_before), 'infinity')
    FROM steps FULL JOIN kept USING (partner_id, currency, livemode, recorded_before)
    WHERE (steps.entry_ids, {", ".join(f"steps.{name}" for name in BALANCE_FIELDS)})
        IS DISTINCT FROM (kept.entry_ids, {", ".join(f"kept.{name}" for name in BALANCE_FIELDS)})
    LIMIT 20
""")


def due(session: Session, programs: Sequence[ProgramDays], *, many: int = ENTRIES_OF_A_STEP) -> list[ProgramDays]:
    """Those of `programs` that need a checkpoint: about `many` entries since the last one, or any a day after it."""
    rows = session.execute(_DUE, {"programs": encode([asdict(program) for program in programs]), "many": many})
    return [ProgramDays(*row) for row in rows]


def advance(
    session: Session,
    program: ProgramDays,
    fenced_at: datetime,
    *,
    many: int = ENTRIES_OF_A_STEP,
    steps: int = STEPS_AT_ONCE,
) -> bool:
    """Make checkpoints up to the fence, or as many as `steps`; returns whether there are more before the fence.

    Args:
        session: a transaction that sees all rows.
        program: which program.
        fenced_at: its last fence: no checkpoint is later than that time.
        many: the number of entries after which there is a checkpoint.
        steps: the most checkpoints.

    Effects: locks the program's checkpoints, so that each step is made once.
    """
    values = {**asdict(program), "fenced_at": fenced_at, "many": many, "steps": steps}
    session.execute(_BEGIN, values)
    values |= session.execute(_TAKE, values).mappings().one()
    ends = list(session.scalars(_ENDS, values))
    if len(ends) < steps and (not ends or ends[-1] < fenced_at):
        ends.append(fenced_at)
    values |= {"ends": ends, "until": ends[-1]}
    session.execute(_ADD, values)
    session.execute(_REACH, values)
    return bool(ends[-1] < fenced_at)


def differences(session: Session) -> list[Difference]:
    """The checkpoints that differ from the postings; there must be none."""
    found: list[Difference] = []
    for program in session.execute(_REACHED).mappings().all():
        found += [Difference(*row) for row in session.execute(_DIFFERENT, dict(program))]
    return found
