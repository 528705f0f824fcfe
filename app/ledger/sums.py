"""Statistics of commissions: the sums at a checkpoint plus everything posted since; always equal to the postings.

Each read is one statement, so that checkpoint, sums and tail are of the same moment. Every entry has the id of its
transaction. Below `pg_snapshot_xmin` all transactions have ended, so no entry can appear there later, however long its
transaction took to commit.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from app.immutable import immutable
from app.ledger.models import ALL_PARTNERS
from app.ledger.tail import CHECKPOINT, IS_SUMMED, MINORS, SINCE, moved

EVER: Final = date.min
"""The first day of sums over all days, and the day that spans are counted from."""
SPANS: Final = (1, 4, 16, 64, 256)
"""The lengths of a partner's sums in days. Each span begins a multiple of its length after `EVER`."""
ALL_DAYS: Final = 0
"""The length of sums over all days."""
FIGURES: Final = (*MINORS, "commission_count", "conversion_count")
FIGURE_LIST: Final = ", ".join(FIGURES)
"""The figures as a list for SELECT."""


@immutable
class Sums:
    """Sums over commissions in one currency, in minor units, by account.

    An amount in a payout counts as approved, so that earned = pending + approved + paid, always; a reversal of a paid
    commission lowers approved. Paid is before any platform fee, `received_minor` is after it. The counts are of
    commissions that are worth something now: all of them, and those of level 0.
    """

    currency: str
    commission_count: int = 0
    conversion_count: int = 0
    accrued_minor: int = 0
    payable_minor: int = 0
    clearing_minor: int = 0
    received_minor: int = 0
    fee_minor: int = 0

    @property
    def pending_minor(self) -> int:
        """Earned and not approved yet."""
        return self.accrued_minor

    @property
    def approved_minor(self) -> int:
        """Approved and not paid yet."""
        return self.payable_minor + self.clearing_minor

    @property
    def paid_minor(self) -> int:
        """Paid, the platform's fee included."""
        return self.received_minor + self.fee_minor

    @property
    def earned_minor(self) -> int:
        """Everything earned, without what was reversed."""
        return self.pending_minor + self.approved_minor + self.paid_minor

    def __add__(self, other: "Sums") -> "Sums":
        """The sum of both, in the currency of `self`."""
        return Sums(
            self.currency,
            self.commission_count + other.commission_count,
            self.conversion_count + other.conversion_count,
            self.accrued_minor + other.accrued_minor,
            self.payable_minor + other.payable_minor,
            self.clearing_minor + other.clearing_minor,
            self.received_minor + other.received_minor,
            self.fee_minor + other.fee_minor,
        )


@immutable
class ProgramSums:
    """A program's figures between two days: by day in order, and by partner, those that earned most first."""

    by_day: Sequence[tuple[date, Sums]]
    by_partner: Sequence[tuple[UUID, Sums]]


SUMMED_FIGURES: Final = ", ".join(f"sum({figure})::bigint AS {figure}" for figure in FIGURES)
"""The sum of each figure, as a list for SELECT."""

_EARNED: Final = " + ".join(MINORS)

_OF_PROGRAM_ONLY: Final = "commission.program_id = :program_id AND commission.livemode = :livemode"
_OF_THESE: Final = f"{_OF_PROGRAM_ONLY} AND commission.partner_id = ANY (:partner_ids)"

_OF_PARTNERS = text(f"""
    WITH {CHECKPOINT}, {moved(since=SINCE, below="", among=_OF_THESE)}
    SELECT partner_id, currency, {SUMMED_FIGURES}
    FROM (
        SELECT kept.partner_id, kept.currency, {FIGURE_LIST} FROM commission_sums AS kept
        WHERE {IS_SUMMED} AND kept.partner_id = ANY (:partner_ids) AND kept.days = {ALL_DAYS}
        UNION ALL SELECT partner_id, currency, {FIGURE_LIST} FROM moved
    ) AS every
    GROUP BY partner_id, currency ORDER BY partner_id, currency
""")

_OF_PARTNER = text(f"""
    WITH {CHECKPOINT}, {moved(since=SINCE, below="", among=_OF_THESE)}
    SELECT day, currency, {SUMMED_FIGURES}
    FROM (
        SELECT kept.day, kept.currency, {FIGURE_LIST} FROM commission_sums AS kept
        WHERE {IS_SUMMED} AND kept.partner_id = ANY (:partner_ids) AND kept.days = 1
          AND kept.day BETWEEN :first AND :last
        UNION ALL SELECT day, currency, {FIGURE_LIST} FROM moved WHERE day BETWEEN :first AND :last
    ) AS every
    GROUP BY day, currency ORDER BY day, currency
""")

# Two lists in one statement: rows with a day, and rows with a partner. Partners are ranked by one sum over a few spans,
# and only the leaders' figures are all summed.
_OF_PROGRAM = text(f"""
    WITH {CHECKPOINT}, {moved(since=SINCE, below="", among=_OF_PROGRAM_ONLY)},
    span AS (SELECT * FROM unnest(CAST(:days AS smallint[]), CAST(:begins AS date[])) AS span(days, day)),
    by_day AS (
        SELECT day, currency, {SUMMED_FIGURES}
        FROM (
            SELECT kept.day, kept.currency, {FIGURE_LIST} FROM commission_sums AS kept
            WHERE {IS_SUMMED} AND kept.partner_id = :all_partners AND kept.days = 1
              AND kept.day BETWEEN :first AND :last
            UNION ALL SELECT day, currency, {FIGURE_LIST} FROM moved WHERE day BETWEEN :first AND :last
        ) AS every
        GROUP BY day, currency
    ),
    ranked AS (
        SELECT partner_id, currency, row_number() OVER (PARTITION BY currency ORDER BY earned DESC, partner_id) AS place
        FROM (
            SELECT partner_id, currency, sum(earned_minor)::bigint AS earned
            FROM (
                SELECT kept.partner_id, kept.currency, sum({_EARNED})::bigint AS earned_minor,
                       sum(commission_count) AS commission_count
                FROM span JOIN commission_sums AS kept USING (days, day)
                WHERE {IS_SUMMED} AND kept.partner_id <> '{ALL_PARTNERS}'
                GROUP BY kept.partner_id, kept.currency
                UNION ALL
                SELECT partner_id, currency, {_EARNED}, commission_count FROM moved WHERE day BETWEEN :first AND :last
            ) AS every
            GROUP BY partner_id, currency HAVING sum(commission_count) > 0 OR sum(earned_minor) <> 0
        ) AS of_each
    ),
    foremost AS MATERIALIZED (SELECT * FROM ranked WHERE place <= :leaders)
    SELECT day, NULL::uuid AS partner_id, currency, {FIGURE_LIST}, 0 AS place FROM by_day
    UNION ALL
    SELECT NULL, foremost.partner_id, foremost.currency, {FIGURE_LIST}, foremost.place
    FROM foremost CROSS JOIN LATERAL (
        SELECT {SUMMED_FIGURES}
        FROM (
            SELECT {FIGURE_LIST} FROM span JOIN commission_sums AS kept USING (days, day)
            WHERE {IS_SUMMED} AND kept.partner_id = foremost.partner_id AND kept.currency = foremost.currency
            UNION ALL
            SELECT {FIGURE_LIST} FROM moved
            WHERE partner_id = foremost.partner_id AND currency = foremost.currency AND day BETWEEN :first AND :last
        ) AS every
    ) AS figures
    ORDER BY day, place, currency
""")


def of_partners(
    session: Session,
    organization_id: UUID,
    program_id: UUID,
    time_zone: str,
    partner_ids: Sequence[UUID],
    *,
    livemode: bool,
) -> dict[UUID, list[Sums]]:
    """What each of these partners of one program ever earned, per currency; those without earnings are missing.

    Args:
        session: sees all of the owner's rows.
        organization_id: the program's owner.
        program_id: the partners' program.
        time_zone: the program's; a checkpoint in another zone is not used.
        partner_ids: the partners of a page, so a few.
        livemode: whether live or test money is summed; the two are never added up.
    """
    values = _scope(organization_id, program_id, time_zone, livemode=livemode)
    found: dict[UUID, list[Sums]] = {}
    for row in session.execute(_OF_PARTNERS, {**values, "partner_ids": list(partner_ids)}).mappings():
        found.setdefault(row["partner_id"], []).append(sums_of(row))
    return found


def of_program(
    session: Session,
    organization_id: UUID,
    program_id: UUID,
    time_zone: str,
    *,
    livemode: bool,
    first: date,
    last: date,
    leaders: int,
) -> ProgramSums:
    """The figures of commissions earned from the day `first` to the day `last`, both included.

    Args:
        session: sees all of the owner's rows.
        organization_id: the program's owner.
        program_id: which program.
        time_zone: the zone of the days.
        livemode: whether live or test money is summed.
        first: a day in that zone.
        last: a day in that zone, not before `first`.
        leaders: how many partners at most, per currency.
    """
    spans = spans_of(first, last)
    values = {
        **_scope(organization_id, program_id, time_zone, livemode=livemode),
        "first": first,
        "last": last,
        "days": [days for days, _ in spans],
        "begins": [begin for _, begin in spans],
        "leaders": leaders,
        "all_partners": ALL_PARTNERS,
    }
    rows = session.execute(_OF_PROGRAM, values).mappings().all()
    return ProgramSums(
        by_day=[(row["day"], sums_of(row)) for row in rows if row["day"] is not None],
        by_partner=[(row["partner_id"], sums_of(row)) for row in rows if row["partner_id"] is not None],
    )


def of_partner(
    session: Session, program: tuple[UUID, UUID, str], partner_id: UUID, *, livemode: bool, first: date, last: date
) -> list[tuple[date, Sums]]:
    """What a partner earned on each day from `first` to `last`; days without earnings are missing.

    `program` is the owner, the program and its time zone; `session` sees all of the owner's rows.
    """
    scope = _scope(*program, livemode=livemode)
    rows = session.execute(_OF_PARTNER, {**scope, "partner_ids": [partner_id], "first": first, "last": last})
    return [(row["day"], sums_of(row)) for row in rows.mappings()]


def spans_of(first: date, last: date) -> list[tuple[int, date]]:
    """The fewest spans that together are the days from `first` to `last`: length and first day of each, in order."""
    spans = []
    day, end = (first - EVER).days, (last - EVER).days + 1
    while day < end:
        days = max(length for length in SPANS if day % length == 0 and day + length <= end)
        spans.append((days, EVER + timedelta(days=day)))
        day += days
    return spans


def _scope(organization_id: UUID, program_id: UUID, time_zone: str, *, livemode: bool) -> dict[str, object]:
    return {
        "organization_id": organization_id,
        "program_id": program_id,
        "time_zone": time_zone,
        "livemode": livemode,
    }


def sums_of(row: RowMapping) -> Sums:
    """The figures of a row."""
    return Sums(
        row["currency"],
        commission_count=row["commission_count"],
        conversion_count=row["conversion_count"],
        accrued_minor=row["accrued_minor"],
        payable_minor=row["payable_minor"],
        clearing_minor=row["clearing_minor"],
        received_minor=row["paid_minor"],
        fee_minor=row["fee_minor"],
    )
