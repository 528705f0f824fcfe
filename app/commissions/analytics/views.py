"""Views of a program's figures for its owner, in snake_case."""

from datetime import date

from pydantic import Field

from app import ids
from app.commissions.analytics.figures import Analytics
from app.partners.managing.views import CurrencyEarnings, earnings
from app.programs.models import Program
from app.views import Snake


class DayEarnings(CurrencyEarnings):
    """What was earned on one day."""

    date: date


class Leader(CurrencyEarnings):
    """A partner and what it earned."""

    affiliate_id: str = Field(examples=["aff_01h455vb4pex5vsknk084sn02q"])
    name: str | None
    slug: str


class AnalyticsBody(Snake):
    """A program's figures.

    An amount counts on the day it was earned, also if it was approved, paid or reversed later.
    """

    program_id: str
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    time_zone: str
    totals: list[CurrencyEarnings] = Field(description="By currency, the program's own first.")
    series: list[DayEarnings] = Field(description="Every day and currency, in order.")
    leaderboard: list[Leader] = Field(description="By currency, those that earned most first.")


def analytics_body(program: Program, figures: Analytics) -> AnalyticsBody:
    """The figures under the names of this surface."""
    return AnalyticsBody(
        program_id=ids.encode(ids.PROGRAM, program.id),
        first=figures.first,
        last=figures.last,
        time_zone=program.time_zone,
        totals=[CurrencyEarnings(currency=total.currency, **earnings(total)) for total in figures.totals],
        series=[DayEarnings(date=day, currency=sums.currency, **earnings(sums)) for day, sums in figures.series],
        leaderboard=[
            Leader(
                affiliate_id=ids.encode(ids.AFFILIATE, partner.id),
                name=partner.full_name,
                slug=partner.slug,
                currency=sums.currency,
                **earnings(sums),
            )
            for partner, sums in figures.leaders
        ],
    )
