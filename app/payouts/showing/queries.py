"""Finding payouts and runs, newest first."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, select, text
from sqlalchemy.orm import Session

from app import ids
from app.errors import NotFound
from app.immutable import immutable
from app.paging import Page, load_page
from app.payouts.models import UNDER_WAY_SQL, Payout, PayoutLine, PayoutReturn, PayoutRun, PayoutRunItem
from app.payouts.transitions import STATUSES, UNDER_WAY
from app.programs.models import Program

MOST_SHOWN: Final = 1000
"""Payouts, and skipped rows, that a run shows; the list of payouts has them all."""


@immutable
class PayoutQuery:
    """The filter and the page of a list; a payout must meet every given condition."""

    limit: int
    livemode: bool
    page: int = 1
    starting_after: str | None = None
    status: str | None = None
    partner_id: UUID | None = None
    run_id: UUID | None = None


@immutable
class RunTotals:
    """What a run pays in one currency, minor units; while it reserves, what it is to pay."""

    currency: str
    partners: int
    gross_minor: int
    fee_minor: int
    net_minor: int


def get_payout(session: Session, organization_ids: Sequence[UUID], public_id: str) -> Payout:
    """The payout with this `pyt_…` id. Raises NotFound."""
    key = ids.decode(public_id, ids.PAYOUT)
    payout = session.scalar(select(Payout).where(Payout.id == key, Payout.organization_id.in_(organization_ids)))
    if payout is None:
        raise NotFound.of("payout", public_id)
    return payout


def get_run(session: Session, organization_ids: Sequence[UUID], public_id: str) -> PayoutRun:
    """The run with this `pyr_…` id. Raises NotFound."""
    key = ids.decode(public_id, ids.PAYOUT_RUN)
    run = session.scalar(select(PayoutRun).where(PayoutRun.id == key, PayoutRun.organization_id.in_(organization_ids)))
    if run is None:
        raise NotFound.of("payout run", public_id)
    return run


def list_payouts(session: Session, program: Program, query: PayoutQuery) -> Page[Payout]:
    """A page of a program's payouts, newest first. Raises InvalidRequest."""
    matching = select(Payout).where(Payout.program_id == program.id, Payout.livemode == query.livemode)
    for column, value in (
        (Payout.status, query.status),
        (Payout.partner_id, query.partner_id),
        (Payout.run_id, query.run_id),
    ):
        if value is not None:
            matching = matching.where(column == value)
    return load_page(
        session,
        matching,
        Payout.id,
        ids.PAYOUT,
        limit=query.limit,
        page=query.page,
        starting_after=query.starting_after,
    )


def list_runs(
    session: Session, program: Program, *, livemode: bool, limit: int, starting_after: str | None = None
) -> Page[PayoutRun]:
    """A page of a program's runs, newest first. Raises InvalidRequest."""
    matching = select(PayoutRun).where(PayoutRun.program_id == program.id, PayoutRun.livemode == livemode)
    return load_page(session, matching, PayoutRun.id, ids.PAYOUT_RUN, limit=limit, starting_after=starting_after)


@immutable
class RunPart:
    """How many payouts of a run are in a status, by currency and whether a file has them.

    The amount is the sum of their nets, minor units.
    """

    status: str
    currency: str
    is_by_file: bool
    payouts: int
    net_minor: int


def parts_of(session: Session, run: PayoutRun) -> list[RunPart]:
    """What became of a run's payouts so far."""
    chosen = (
        select(
            Payout.status,
            Payout.currency,
            Payout.file_id.is_not(None),
            func.count(),
            cast(func.sum(Payout.net_minor), BigInteger),
        )
        .where(Payout.run_id == run.id)
        .group_by(Payout.status, Payout.currency, Payout.file_id.is_not(None))
    )
    order: dict[str, int] = {status: place for place, status in enumerate(STATUSES)}
    parts = [RunPart(*row) for row in session.execute(chosen)]
    return sorted(parts, key=lambda part: (order[part.status], part.currency, part.is_by_file))


def lines_of(session: Session, payout: Payout) -> Sequence[PayoutLine]:
    """The lines of a payout, oldest commission first."""
    chosen = select(PayoutLine).where(PayoutLine.payout_id == payout.id).order_by(PayoutLine.commission_id)
    return session.scalars(chosen).all()


def returns_of(session: Session, payout: Payout) -> Sequence[PayoutReturn]:
    """What came back of a payout, in order."""
    chosen = select(PayoutReturn).where(PayoutReturn.payout_id == payout.id).order_by(PayoutReturn.number)
    return session.scalars(chosen).all()


def payouts_of(session: Session, run: PayoutRun) -> Page[Payout]:
    """The first payouts of a run, by partner and currency, as they were reserved."""
    chosen = select(Payout).where(Payout.run_id == run.id).order_by(Payout.id).limit(MOST_SHOWN + 1)
    return Page.of(session.scalars(chosen).all(), MOST_SHOWN)


def skipped_of(session: Session, run: PayoutRun) -> Page[PayoutRunItem]:
    """The first rows that a run skipped, by partner and currency."""
    chosen = (
        select(PayoutRunItem)
        .where(PayoutRunItem.run_id == run.id, PayoutRunItem.state == "skipped")
        .order_by(PayoutRunItem.partner_id, PayoutRunItem.currency)
        .limit(MOST_SHOWN + 1)
    )
    return Page.of(session.scalars(chosen).all(), MOST_SHOWN)


_UNDER_WAY: Final = text(f"SELECT status, count(*) FROM payouts WHERE {UNDER_WAY_SQL} GROUP BY status")


def count_under_way(session: Session) -> dict[str, int]:
    """How many payouts of all organizations are in each status under way; 0 where there are none."""
    counts = dict.fromkeys(sorted(UNDER_WAY), 0)
    return counts | {status: int(number) for status, number in session.execute(_UNDER_WAY)}


# Items that are still planned count only while the run reserves: a canceled run does not pay them.
_TOTALS: Final = text("""
    SELECT currency, count(*) AS partners, sum(gross_minor)::bigint AS gross_minor, sum(fee_minor)::bigint AS fee_minor,
           sum(net_minor)::bigint AS net_minor
    FROM payout_run_items
    WHERE run_id = :run_id AND (state = 'reserved' OR state = 'planned' AND :is_reserving)
    GROUP BY currency ORDER BY currency
""")


def totals_of(session: Session, run: PayoutRun) -> list[RunTotals]:
    """What a run pays, by currency."""
    values = {"run_id": run.id, "is_reserving": run.status == "reserving"}
    return [RunTotals(*row) for row in session.execute(_TOTALS, values)]
