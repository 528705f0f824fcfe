"""Balances of partners at any time, by what was recorded until then.

A balance is the newest checkpoint before the time, plus the entries recorded between that checkpoint and the time. They
are listed in the checkpoint after it; only after the last checkpoint of the program they are found among the newest
entries, by the ids of their transactions. Ids ahead of the cluster's own are of a copy from another cluster; then all
entries are read.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.immutable import immutable
from app.ledger.checkpoints import ProgramDays
from app.ledger.positions import POSITION_FIELDS

BALANCE_FIELDS: Final = tuple(POSITION_FIELDS.values())
"""The fields of a balance in minor units."""


@immutable
class Balance:
    """A partner's balance in one currency at a time, in minor units, by account. Credits are positive."""

    partner_id: UUID
    currency: str
    accrued_minor: int = 0
    payable_minor: int = 0
    clearing_minor: int = 0
    paid_minor: int = 0
    """What the partner received, after the platform's fee."""
    fee_minor: int = 0
    written_off_minor: int = 0

    @property
    def owed_minor(self) -> int:
        """Earned and neither paid nor written off."""
        return self.accrued_minor + self.payable_minor + self.clearing_minor


REACHED: Final = """
    reached AS MATERIALIZED (
        SELECT coalesce(max(until), '-infinity') AS until, coalesce(max(below), '0') AS below
        FROM balances_reached WHERE program_id = :program_id
    ),
    since AS MATERIALIZED (
        SELECT CASE WHEN below <= pg_snapshot_xmin(pg_current_snapshot()) THEN below ELSE '0' END AS xid FROM reached
    ),
    step AS MATERIALIZED (
        SELECT recorded_before FROM balance_checkpoints
        WHERE program_id = :program_id AND livemode = :livemode AND recorded_before > :before
        ORDER BY recorded_before LIMIT 1
    )"""
"""SQL of CTEs: how far a program's checkpoints go, and the step of them in which the time `:before` is."""
TAIL: Final = """
        SELECT entry.id AS entry_id FROM journal_entries AS entry
        WHERE entry.organization_id = :organization_id AND entry.livemode = :livemode
          AND entry.xid >= (SELECT xid FROM since)
          AND entry.recorded_at >= (SELECT until FROM reached) AND entry.recorded_at < :before"""
"""SQL for the owner's entries after a program's checkpoints that were recorded before the time."""

IS_THEIRS: Final = """
    AND (SELECT commission.partner_id FROM postings AS first
         JOIN posted_commissions AS commission ON commission.commission_id = first.commission_id
         WHERE first.entry_id = entry.id AND first.line = 1) = ANY (:partner_ids)
"""
"""SQL that limits the entries of `TAIL` to `:partner_ids`: all postings of an entry are of one partner."""

# `moved`: one row for each entry and account of these entries. The subqueries after LATERAL are looked up row by row by
# index; OFFSET 0 prevents the planner from merging them into the query and reading whole tables.
MOVED: Final = f"""
    moved AS MATERIALIZED (
        SELECT commission.partner_id, commission.currency, commission.livemode, listed.entry_id,
               {
    ", ".join(
        f"-coalesce(sum(posting.amount_minor) FILTER (WHERE account.kind = '{kind}'), 0)::bigint AS {name}"
        for kind, name in POSITION_FIELDS.items()
    )
}
        FROM listed
        CROSS JOIN LATERAL (SELECT * FROM postings WHERE entry_id = listed.entry_id OFFSET 0) AS posting
        CROSS JOIN LATERAL (
            SELECT * FROM posted_commissions WHERE commission_id = posting.commission_id OFFSET 0
        ) AS commission
        CROSS JOIN LATERAL (SELECT kind FROM accounts WHERE id = posting.account_id OFFSET 0) AS account
        WHERE commission.program_id = :program_id AND account.kind <> 'commission_expense'
        GROUP BY commission.partner_id, commission.currency, commission.livemode, listed.entry_id
    )"""
"""SQL of a CTE: how the entries of `listed (entry_id)` change balances of a program's partners."""

_SUMS: Final = ", ".join(f"sum({name})::bigint AS {name}" for name in BALANCE_FIELDS)
_NAMES: Final = ", ".join(BALANCE_FIELDS)
_OF_THESE: Final = "AND partner_id = ANY (:partner_ids)"


def _balances(those: str, found: str) -> str:
    """The query; `those` limits partners, `found` limits entries that are found by their time."""
    return f"""
    WITH {REACHED},
    held AS MATERIALIZED (
        SELECT DISTINCT partner_id, currency FROM accounts
        WHERE organization_id = :organization_id AND program_id = :program_id AND livemode = :livemode
          AND partner_id IS NOT NULL {those}
    ),
    base AS MATERIALIZED (
        SELECT held.partner_id, held.currency, {_NAMES}
        FROM held CROSS JOIN LATERAL (
            SELECT * FROM balance_checkpoints AS kept
            WHERE kept.partner_id = held.partner_id AND kept.livemode = :livemode AND kept.currency = held.currency
              AND kept.recorded_before <= :before
            ORDER BY kept.recorded_before DESC LIMIT 1
        ) AS newest
    ),
    following AS MATERIALIZED (
        SELECT unnest(listing.entry_ids) AS entry_id
        FROM held CROSS JOIN LATERAL (
            SELECT entry_ids FROM balance_checkpoints AS kept
            WHERE kept.partner_id = held.partner_id AND kept.livemode = :livemode AND kept.currency = held.currency
              AND kept.recorded_before = (SELECT recorded_before FROM step)
            OFFSET 0
        ) AS listing
    ),
    listed AS MATERIALIZED (
        SELECT following.entry_id FROM following
        CROSS JOIN LATERAL (SELECT recorded_at FROM journal_entries WHERE id = following.entry_id OFFSET 0) AS entry
        WHERE entry.recorded_at < :before
        UNION ALL {TAIL} {found}
    ),
    {MOVED}
    SELECT partner_id, currency, {_SUMS}
    FROM (
        SELECT partner_id, currency, {_NAMES} FROM base
        UNION ALL SELECT partner_id, currency, {_NAMES} FROM moved WHERE true {those}
    ) AS every
    GROUP BY partner_id, currency ORDER BY partner_id, currency
"""


_OF_PROGRAM = text(_balances("", ""))
_OF_PARTNERS = text(_balances(_OF_THESE, IS_THEIRS))


def load(
    session: Session,
    program: ProgramDays,
    before: datetime,
    *,
    livemode: bool,
    partner_ids: Sequence[UUID] | None = None,
) -> list[Balance]:
    """Balances with everything recorded before a time, by partner and currency.

    Those of partners to whom nothing had been posted by then are missing. In one statement.

    Args:
        session: sees all of the owner's rows.
        program: the partners' program.
        before: the time. Up to the program's last fence the balances never change.
        livemode: live or test money.
        partner_ids: these partners only; None: all of the program.
    """
    values = {
        "program_id": program.program_id,
        "organization_id": program.organization_id,
        "before": before,
        "livemode": livemode,
    }
    if partner_ids is None:
        rows = session.execute(_OF_PROGRAM, values)
    else:
        rows = session.execute(_OF_PARTNERS, {**values, "partner_ids": list(partner_ids)})
    return [Balance(**row) for row in rows.mappings()]
