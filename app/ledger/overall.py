"""Sums over several programs, each by its own checkpoint and time zone; always equal to the postings.

Each read is one statement for all programs.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.immutable import immutable
from app.ledger.checkpoints import ProgramDays
from app.ledger.models import ALL_PARTNERS
from app.ledger.sums import ALL_DAYS, FIGURE_LIST, FIGURES, SUMMED_FIGURES, Sums, sums_of
from app.ledger.tail import moved

_PROGRAM: Final = """
    unnest(CAST(:program_ids AS uuid[]), CAST(:organization_ids AS uuid[]), CAST(:time_zones AS text[]))
    AS program(id, organization_id, time_zone)
"""
_SINCE: Final = "checkpoint.below"
_CHECKPOINT: Final = """
    SELECT coalesce(
        (SELECT below FROM sums_checkpoints
         WHERE program_id = program.id AND time_zone = program.time_zone
           AND below <= pg_snapshot_xmin(pg_current_snapshot())),
        '0'
    ) AS below OFFSET 0
"""
"""OFFSET 0 keeps it a value by which entries are looked up: row-level security lets no expression use their index."""
_MOVED: Final = moved(
    since=_SINCE,
    below="",
    among="commission.program_id = program.id AND commission.livemode = :livemode",
    organization="program.organization_id",
    time_zone="program.time_zone",
)
_KEPT: Final = f"""
    SELECT kept.day, kept.currency, {FIGURE_LIST} FROM commission_sums AS kept
    WHERE {_SINCE} > '0'::xid8 AND kept.program_id = program.id AND kept.livemode = :livemode
      AND kept.partner_id = '{ALL_PARTNERS}'
"""

_EVER = text(f"""
    SELECT one.currency, {SUMMED_FIGURES}
    FROM {_PROGRAM} CROSS JOIN LATERAL ({_CHECKPOINT}) AS checkpoint CROSS JOIN LATERAL (
        WITH {_MOVED}
        {_KEPT} AND kept.days = {ALL_DAYS}
        UNION ALL SELECT day, currency, {FIGURE_LIST} FROM moved
    ) AS one
    GROUP BY one.currency ORDER BY one.currency
""")

_LATELY = text(f"""
    SELECT one.day, one.currency, {SUMMED_FIGURES}
    FROM {_PROGRAM} CROSS JOIN LATERAL ({_CHECKPOINT}) AS checkpoint CROSS JOIN LATERAL (
        SELECT today, today - CAST(:days AS int) + 1 AS first
        FROM (SELECT (now() AT TIME ZONE program.time_zone)::date AS today) AS now
    ) AS present CROSS JOIN LATERAL (
        WITH {_MOVED}
        {_KEPT} AND kept.days = 1 AND kept.day BETWEEN present.first AND present.today
        UNION ALL
        SELECT day, currency, {FIGURE_LIST} FROM moved
        WHERE day BETWEEN present.first AND present.today
        UNION ALL
        SELECT present.first + number, NULL, {", ".join("0" for _ in FIGURES)}
        FROM generate_series(0, present.today - present.first) AS number
    ) AS one
    GROUP BY one.day, one.currency ORDER BY one.day, one.currency
""")


@immutable
class Lately:
    """What was earned in the last days: those days in order, and the sums of a day in a currency, in the same order."""

    days: Sequence[date]
    by_day: Sequence[tuple[date, Sums]]


def ever(session: Session, programs: Sequence[ProgramDays], *, livemode: bool) -> list[Sums]:
    """What all partners of these programs ever earned, per currency. `session` sees all of the owners' rows."""
    return [sums_of(row) for row in session.execute(_EVER, _values(programs, livemode=livemode)).mappings()]


def lately(session: Session, programs: Sequence[ProgramDays], days: int, *, livemode: bool) -> Lately:
    """What all partners of these programs earned in the last `days` days, today included, each in its program's zone.

    `session` sees all of the owners' rows.
    """
    rows = session.execute(_LATELY, {**_values(programs, livemode=livemode), "days": days}).mappings().all()
    return Lately(
        days=[row["day"] for row in rows if row["currency"] is None],
        by_day=[(row["day"], sums_of(row)) for row in rows if row["currency"] is not None],
    )


def _values(programs: Sequence[ProgramDays], *, livemode: bool) -> dict[str, Any]:
    return {
        "program_ids": [program.program_id for program in programs],
        "organization_ids": [program.organization_id for program in programs],
        "time_zones": [program.time_zone for program in programs],
        "livemode": livemode,
    }
