"""What is payable in a program and a mode: sums by partner and currency, and the parts of them.

A part is a commission or an opening balance.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.commissions.decisions.maturing import BACKLOG
from app.immutable import immutable
from app.programs.models import Program


class Owed(NamedTuple):
    """What is payable to a partner in a currency, minor units; negative: it owes the program."""

    partner_id: UUID
    currency: str
    payable_minor: int
    commission_count: int


@immutable
class Selection:
    """Whom and what a run pays; an empty condition is met by all.

    Attributes:
        cutoff_at: credits that were approved later are left out; debts always count.
        methods: only partners that are paid in one of these ways.
    """

    program_id: UUID
    livemode: bool
    cutoff_at: datetime
    partner_ids: tuple[UUID, ...] = ()
    exclude_partner_ids: tuple[UUID, ...] = ()
    currencies: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of the statements below."""
        return {
            "program_id": self.program_id,
            "livemode": self.livemode,
            "cutoff_at": self.cutoff_at,
            "partner_ids": list(self.partner_ids),
            "exclude_partner_ids": list(self.exclude_partner_ids),
            "currencies": list(self.currencies),
        }


def counts(payable_minor: int, approved_at: datetime | None, cutoff_at: datetime) -> bool:
    """Whether a part's payable is paid by a run with this cut-off; the condition of `_COUNTS` below."""
    return payable_minor < 0 or (payable_minor > 0 and (approved_at is None or approved_at <= cutoff_at))


# The first conditions are those of the index on what is payable; an opening balance was approved at its time.
_PAYABLE: Final = """
    SELECT id, partner_id, currency, payable_minor, approved_at FROM commissions
    WHERE payable_minor <> 0 AND program_id = :program_id AND livemode = :livemode
    UNION ALL
    SELECT id, partner_id, currency, payable_minor, occurred_at FROM opening_balances
    WHERE payable_minor <> 0 AND program_id = :program_id AND livemode = :livemode
"""
_COUNTS: Final = "(part.payable_minor < 0 OR part.approved_at IS NULL OR part.approved_at <= :cutoff_at)"

_OWED: Final = text(f"""
    SELECT partner_id, currency, sum(payable_minor)::bigint AS payable_minor, count(*) AS commission_count
    FROM ({_PAYABLE}) AS part
    WHERE {_COUNTS}
      AND (CAST(:partner_ids AS uuid[]) = '{{}}' OR partner_id = ANY(:partner_ids))
      AND NOT partner_id = ANY(:exclude_partner_ids)
      AND (CAST(:currencies AS text[]) = '{{}}' OR currency = ANY(:currencies))
    GROUP BY partner_id, currency ORDER BY partner_id, currency
""")

_PARTS: Final = text(f"""
    SELECT part.id FROM ({_PAYABLE}) AS part
    JOIN unnest(CAST(:partners AS uuid[]), CAST(:currencies_of AS text[])) AS wanted(partner_id, currency)
      ON wanted.partner_id = part.partner_id AND wanted.currency = part.currency
    WHERE {_COUNTS}
    ORDER BY part.id
""")


def load_owed(session: Session, selection: Selection) -> list[Owed]:
    """What is payable to each partner in each currency, in a fixed order; `methods` is not looked at."""
    return [Owed(*row) for row in session.execute(_OWED, selection.parameters)]


def part_ids(session: Session, selection: Selection, pairs: Sequence[tuple[UUID, str]]) -> Sequence[UUID]:
    """The parts of what is payable to these partners in these currencies, oldest first. Not locked."""
    partners, currencies = [partner_id for partner_id, _ in pairs], [currency for _, currency in pairs]
    values: Mapping[str, Any] = {**selection.parameters, "partners": partners, "currencies_of": currencies}
    return session.scalars(_PARTS, values).all()


MOST_ATTEMPTS: Final = 32
"""Payouts do not wait for a look-up that has failed so often, in about a day; it is repeated all the same."""

_IS_SETTLING: Final = text("""
    SELECT EXISTS (
        SELECT FROM due_events
        WHERE organization_id = :organization_id AND livemode = :livemode
          AND (next_attempt_at <= :before OR is_backfill)
    ) OR EXISTS (
        SELECT FROM lookups
        WHERE organization_id = :organization_id AND livemode = :livemode AND done_at IS NULL AND is_backfill
          AND attempts < :given_up_after
    ) OR EXISTS (
        SELECT FROM stripe_runs
        WHERE organization_id = :organization_id AND livemode = :livemode
          AND kind = 'backfill' AND finished_at IS NULL AND NOT dry_run
    ) OR EXISTS (
        SELECT FROM cutoff_moves
        WHERE organization_id = :organization_id AND livemode = :livemode AND program_id = :program_id
    ) OR EXISTS (
        SELECT FROM customer_histories
        WHERE organization_id = :organization_id AND livemode = :livemode AND settled_at IS NULL
    )
""")


def is_settling(session: Session, program: Program, *, livemode: bool) -> bool:
    """Whether a program's amounts may still change by what is known to be missing, so that nothing is paid.

    That is while a backfill of the mode runs or what it found is not settled, or an event has been due for ten minutes:
    a refund may be among them; while payments are settled again because of a moved cut-off; and until a customer's
    history is known, whichever program it was recorded for, because its payments count in all programs. A look-up that
    has ended without an answer, or has failed `MOST_ATTEMPTS` times, is not waited for.
    """
    of_program = {"organization_id": program.organization_id, "program_id": program.id, "livemode": livemode}
    values = {**of_program, "before": datetime.now(UTC) - BACKLOG, "given_up_after": MOST_ATTEMPTS}
    return bool(session.scalar(_IS_SETTLING, values))
