"""A program's figures: totals, day by day, and who earned most."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.errors import InvalidRequest
from app.immutable import immutable
from app.ledger import sums
from app.ledger.sums import Sums
from app.partners.models import Partner
from app.programs.models import Program

DAYS: Final = 30
"""How many days are shown if the request has no first day."""
MOST_DAYS: Final = 1_100
"""The most days of a request: a bit more than three years, because the answer has a row for each day."""


@immutable
class Analytics:
    """What was earned in a program from one day to another, both included, in the program's time zone.

    `totals` has an entry for each currency, the program's own first; `series` one for each day and currency, also if
    nothing was earned; `leaders` the partners that earned most, for each currency.
    """

    first: date
    last: date
    totals: Sequence[Sums]
    series: Sequence[tuple[date, Sums]]
    leaders: Sequence[tuple[Partner, Sums]]


def analyse(
    session: Session, program: Program, *, livemode: bool, first: date | None, last: date | None, leaders: int
) -> Analytics:
    """The figures of live or of test money earned from `first` to `last`, by default in the last thirty days.

    Raises:
        InvalidRequest: `from` is later than `to`, or too many days lie between them.
    """
    first, last = period(session, program, first, last)
    program_sums = sums.of_program(
        session,
        program.organization_id,
        program.id,
        program.time_zone,
        livemode=livemode,
        first=first,
        last=last,
        leaders=leaders,
    )
    totals = _totals(program_sums.by_day, program.currency)
    partners = _partners(session, [partner_id for partner_id, _ in program_sums.by_partner])
    return Analytics(
        first=first,
        last=last,
        totals=totals,
        series=_every_day(program_sums.by_day, first, last, [total.currency for total in totals]),
        leaders=[(partners[partner_id], earned) for partner_id, earned in program_sums.by_partner],
    )


def period(session: Session, program: Program, first: date | None, last: date | None) -> tuple[date, date]:
    """The first and last day that are meant, by default thirty days up to today. Raises InvalidRequest."""
    last = last or _today(session, program.time_zone)
    first = first or last - timedelta(days=DAYS - 1)
    if first > last:
        raise InvalidRequest("`from` must not be later than `to`", param="from")
    if (last - first).days >= MOST_DAYS:
        raise InvalidRequest(f"`from` and `to` may be {MOST_DAYS} days apart at most", param="from")
    return first, last


def _today(session: Session, time_zone: str) -> date:
    # Postgres knows every time zone a program may have; Python may have been installed without any.
    today = session.scalar(text("SELECT (now() AT TIME ZONE :time_zone)::date"), {"time_zone": time_zone})
    assert isinstance(today, date)
    return today


def _totals(by_day: Sequence[tuple[date, Sums]], own_currency: str) -> list[Sums]:
    totals = {own_currency: Sums(own_currency)}
    for _, earned in by_day:
        totals[earned.currency] = totals.get(earned.currency, Sums(earned.currency)) + earned
    return [totals.pop(own_currency), *(totals[currency] for currency in sorted(totals))]


def _every_day(
    by_day: Sequence[tuple[date, Sums]], first: date, last: date, currencies: Sequence[str]
) -> list[tuple[date, Sums]]:
    by_day_and_currency = {(day, earned.currency): earned for day, earned in by_day}
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [(day, by_day_and_currency.get((day, currency), Sums(currency))) for day in days for currency in currencies]


def _partners(session: Session, partner_ids: Sequence[UUID]) -> dict[UUID, Partner]:
    return {partner.id: partner for partner in session.scalars(select(Partner).where(Partner.id.in_(partner_ids)))}
