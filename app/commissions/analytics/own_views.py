"""The view of a partner's activity, in snake_case."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import Field

from app import ids
from app.commissions.analytics.own_activity import Activity, days_of
from app.ledger.sums import Sums
from app.partners.models import Partner
from app.programs.models import Program
from app.views import Snake


class EarnedIn(Snake):
    """What was earned in one currency, in its smallest unit."""

    currency: str = Field(examples=["usd"])
    commissions: int
    earned_cents: int


class ActivityFigures(Snake):
    """Counts, and what was earned."""

    visits: int = Field(description="By your links; the same in live and in test mode.")
    sign_ups: int = Field(description="Users who signed up at the merchant and are yours.")
    customers: int = Field(description="Customers who are yours since then.")
    commissions: int = Field(description="Commissions of all currencies that are worth something now.")
    earned: list[EarnedIn] = Field(description="By currency, the program's own first.")


class ActivityDay(ActivityFigures):
    """One day."""

    date: date


class ActivitySource(Snake):
    """A code and a sub-id of your links."""

    code: str = Field(examples=["ada"])
    sub_id: str | None = Field(description="Null: links without one.", examples=["newsletter-12"])
    visits: int


class ActivityBody(Snake):
    """What came of your links in a program. An amount counts on the day it was earned."""

    program_id: str
    partner_id: str
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    time_zone: str = Field(examples=["Europe/Berlin"])
    totals: ActivityFigures
    series: list[ActivityDay] = Field(description="Every day, in order.")
    sources: list[ActivitySource] = Field(description="Those with most visits first, 50 at most.")


def activity_body(partner: Partner, program: Program, activity: Activity) -> ActivityBody:
    """The figures with every day, also those on which nothing happened."""
    totals = {one.currency: one for one in activity.totals}
    currencies = [program.currency, *sorted(totals.keys() - {program.currency})]
    return ActivityBody(
        program_id=ids.encode(ids.PROGRAM, program.id),
        partner_id=ids.encode(ids.PARTNER, partner.id),
        first=activity.first,
        last=activity.last,
        time_zone=program.time_zone,
        totals=ActivityFigures(
            visits=sum(activity.visits.values()),
            sign_ups=sum(activity.sign_ups.values()),
            customers=sum(activity.customers.values()),
            **_earned(totals, currencies),
        ),
        series=[
            ActivityDay(
                date=day,
                visits=activity.visits.get(day, 0),
                sign_ups=activity.sign_ups.get(day, 0),
                customers=activity.customers.get(day, 0),
                **_earned({one: activity.earned.get((day, one), Sums(one)) for one in currencies}, currencies),
            )
            for day in days_of(activity)
        ],
        sources=[ActivitySource(code=one.code, sub_id=one.sub_id, visits=one.visits) for one in activity.sources],
    )


def _earned(by_currency: Mapping[str, Sums], currencies: Sequence[str]) -> dict[str, Any]:
    """The fields of what was earned, each currency in order."""
    every = [by_currency.get(currency, Sums(currency)) for currency in currencies]
    return {
        "commissions": sum(one.commission_count for one in every),
        "earned": [
            EarnedIn(currency=one.currency, commissions=one.commission_count, earned_cents=one.earned_minor)
            for one in every
        ],
    }
