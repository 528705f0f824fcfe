"""The overview: what is owed and earned, and what needs a person."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import money
from app.commissions.analytics import overview as views
from app.pages import layout, signed_in
from app.pages.console.frame import asked, blueprint
from app.pages.signed_in import SignedIn
from app.views import Request


class OverviewQuery(Request):
    """The currency of the charts."""

    currency: str | None = None


@blueprint.get("")
@signed_in.page("commissions:read")
def overview(session: Session, who: SignedIn) -> ResponseReturnValue:
    """The organization at a glance; a partner is led to the portal."""
    if who.caller.kind == "affiliate":
        return redirect(url_for("portal.enrollments"), 303)
    shown = views.load(session, who.caller.organization_ids, livemode=who.caller.livemode)
    currencies = list(dict.fromkeys(day.currency for day in shown.series))
    currency = asked(OverviewQuery).currency
    if currency not in currencies:
        currency = next(iter(currencies), "")
    return layout.render(
        "console/overview.html",
        who,
        shown=shown,
        todo=_pages(),
        setup=_setup(),
        unattributed_days=views.UNATTRIBUTED_DAYS,
        currencies=currencies,
        currency=currency,
        scale=10 ** money.decimals(currency),
        series=[day for day in shown.series if day.currency == currency],
    )


def _setup() -> dict[views.Step, str]:
    """The page on which each step of the setup is done or seen."""
    return {
        "endpoint": url_for("console.stripe_endpoints"),
        "program": url_for("console.programs"),
        "landing": url_for("console.programs"),
        "partner": url_for("console.partners"),
        "event": url_for("console.stripe_endpoints"),
        "commission": url_for("console.payments"),
    }


def _pages() -> dict[views.Attention, str]:
    """The page on which a person finds what needs a decision."""
    return {
        "applications": url_for("console.partners", status="invited"),
        "unknown_code": url_for("console.payments", outcome="unknown_code"),
        "held": url_for("console.payments", outcome="held"),
        "conflict": url_for("console.payments", conflict="true"),
        "parked": url_for("console.events", outcome="parked"),
    }
