"""What came of a partner's links in a program, day by day: visits, sign-ups, customers and commissions."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import reduce
from operator import add
from typing import Any, Final

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from app.commissions.analytics.figures import period
from app.immutable import immutable
from app.ledger import sums
from app.ledger.sums import Sums
from app.partners.models import Partner
from app.programs.models import Program
from app.signups.models import BY_BROWSER

SOURCES: Final = 50
"""Codes and sub-ids that are listed, those with most visits."""


@immutable
class Source:
    """A code and a sub-id of the partner's links, with the visits by them; None: without a sub-id."""

    code: str
    sub_id: str | None
    visits: int


@immutable
class Activity:
    """The figures from one day to another, both included, in the program's time zone.

    `visits`, `sign_ups` and `customers` have the days with any; `earned` the days and currencies with any.
    """

    first: date
    last: date
    visits: Mapping[date, int]
    sign_ups: Mapping[date, int]
    customers: Mapping[date, int]
    earned: Mapping[tuple[date, str], Sums]
    sources: Sequence[Source]

    @property
    def totals(self) -> list[Sums]:
        """What was earned in all days, by currency in alphabetical order."""
        by_currency: dict[str, list[Sums]] = {}
        for (_, currency), one in sorted(self.earned.items()):
            by_currency.setdefault(currency, []).append(one)
        return [reduce(add, every) for every in by_currency.values()]


_BOUNDS: Final = (
    "CAST(:first AS timestamp) AT TIME ZONE :time_zone AS begins, "
    "(CAST(:last AS timestamp) + interval '1 day') AT TIME ZONE :time_zone AS ends"
)

_VISITS = text(f"""
    WITH span AS (SELECT {_BOUNDS})
    SELECT (touched_at AT TIME ZONE :time_zone)::date AS day, count(*) AS number
    FROM touchpoints
    WHERE partner_id = :partner_id
      AND touched_at >= (SELECT begins FROM span) AND touched_at < (SELECT ends FROM span)
    GROUP BY day
""")

_SOURCES = text(f"""
    WITH span AS (SELECT {_BOUNDS})
    SELECT code, utm ->> 'content' AS sub_id, count(*) AS number
    FROM touchpoints
    WHERE partner_id = :partner_id
      AND touched_at >= (SELECT begins FROM span) AND touched_at < (SELECT ends FROM span)
    GROUP BY code, sub_id ORDER BY number DESC, code, sub_id NULLS FIRST LIMIT {SOURCES}
""")

# A sign-up with a session is that of the partner by whose link the session came last, or first, as the program credits.
_SIGN_UPS = text(f"""
    WITH span AS (SELECT {_BOUNDS}), said AS (
        SELECT signups.id, signups.occurred_at FROM signups
        WHERE partner_id = :partner_id AND livemode = :livemode
          AND occurred_at >= (SELECT begins FROM span) AND occurred_at < (SELECT ends FROM span)
          AND NOT EXISTS (
              SELECT FROM session_touches AS touch
              WHERE touch.session_id = signups.session_id AND touch.program_id = signups.program_id
          )
        UNION
        SELECT signups.id, signups.occurred_at
        FROM session_touches AS touch JOIN signups ON signups.session_id = touch.session_id
        WHERE touch.partner_id = :partner_id AND signups.session_id <> '' AND signups.source <> '{BY_BROWSER}'
          AND touch.touched_at >= (SELECT begins FROM span) - make_interval(days => :window_days)
          AND touch.touched_at < (SELECT ends FROM span) AND touch.touched_at <= signups.occurred_at
          AND touch.touched_at > signups.occurred_at - make_interval(days => :window_days)
          AND signups.livemode = :livemode AND signups.program_id = touch.program_id
          AND signups.occurred_at >= (SELECT begins FROM span) AND signups.occurred_at < (SELECT ends FROM span)
          AND NOT EXISTS (
              SELECT FROM session_touches AS other
              WHERE other.session_id = touch.session_id AND other.program_id = touch.program_id
                AND other.partner_id <> touch.partner_id AND other.touched_at <= signups.occurred_at
                AND CASE WHEN :is_last_touch THEN other.touched_at > touch.touched_at
                         ELSE other.touched_at < touch.touched_at END
          )
    )
    SELECT (occurred_at AT TIME ZONE :time_zone)::date AS day, count(*) AS number FROM said GROUP BY day
""")

# What a person decided later counts before what was found.
_CUSTOMERS = text(f"""
    WITH span AS (SELECT {_BOUNDS})
    SELECT (bound_at AT TIME ZONE :time_zone)::date AS day, count(DISTINCT (subject, account)) AS number
    FROM attributions AS bound
    WHERE partner_id = :partner_id AND livemode = :livemode AND superseded_at IS NULL
      AND bound_at >= (SELECT begins FROM span) AND bound_at < (SELECT ends FROM span)
      AND NOT EXISTS (
          SELECT FROM attributions AS decided
          WHERE decided.subject = bound.subject AND decided.organization_id = bound.organization_id
            AND decided.account = bound.account AND decided.livemode = bound.livemode
            AND decided.carrier = 'manual' AND decided.partner_id IS DISTINCT FROM bound.partner_id
            AND decided.applies_from IS NULL AND (bound.carrier <> 'manual' OR decided.id > bound.id)
      )
    GROUP BY day
""")


def load(
    session: Session, partner: Partner, *, livemode: bool, first: date | None = None, last: date | None = None
) -> Activity:
    """The partner's figures of live or of test mode, by default of the last thirty days.

    Visits have no mode. They are kept for `ACCRUAL_TOUCHPOINT_DAYS`; older days have none.

    Args:
        session: sees all rows of the program's owner.
        partner: whose figures.
        livemode: the mode of sign-ups, customers and commissions.
        first: a day in the program's time zone; None: thirty days up to `last`.
        last: a day not before it; None: today.

    Raises:
        InvalidRequest: as `figures.period`.
    """
    program = session.get_one(Program, partner.program_id)
    first, last = period(session, program, first, last)
    values = {
        "partner_id": partner.id,
        "livemode": livemode,
        "time_zone": program.time_zone,
        "first": first,
        "last": last,
        "window_days": program.attribution_window_days,
        "is_last_touch": program.attribution_model == "last_touch",
    }
    scope = (program.organization_id, program.id, program.time_zone)
    earned = sums.of_partner(session, scope, partner.id, livemode=livemode, first=first, last=last)
    return Activity(
        first=first,
        last=last,
        visits=_counts(session, _VISITS, values),
        sign_ups=_counts(session, _SIGN_UPS, values),
        customers=_counts(session, _CUSTOMERS, values),
        earned={(day, one.currency): one for day, one in earned},
        sources=[Source(row.code, row.sub_id, row.number) for row in session.execute(_SOURCES, values)],
    )


def days_of(activity: Activity) -> list[date]:
    """Every day of the figures, in order."""
    return [activity.first + timedelta(days=number) for number in range((activity.last - activity.first).days + 1)]


def _counts(session: Session, statement: TextClause, values: Mapping[str, Any]) -> dict[date, int]:
    return {row.day: row.number for row in session.execute(statement, values)}
