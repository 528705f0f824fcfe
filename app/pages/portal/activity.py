"""What came of a partner's links in a program: day by day, and by code and sub-id."""

from datetime import date

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import money
from app.commissions.analytics import own_activity, own_views
from app.pages.console.frame import Day, asked
from app.pages.portal.frame import blueprint, load_enrolled, page, render
from app.pages.signed_in import SignedIn
from app.partners.partner_side import writing
from app.programs.models import Program
from app.views import Request


class ActivityQuery(Request):
    """The days, in the program's time zone."""

    since: Day | None = None
    until: Day | None = None


@blueprint.get("/<program_id>/activity")
@page("commissions:read")
def activity(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Visits, sign-ups, customers and commissions of each day, by default of the last thirty."""
    query, enrolled = asked(ActivityQuery), load_enrolled(session, who, program_id)
    shown = load(session, who, program_id, query.since, query.until)
    return render(
        "activity.html",
        who,
        enrolled=enrolled,
        asked=query,
        shown=shown,
        scale=10 ** money.decimals(enrolled.currency),
    )


def load(
    session: Session, who: SignedIn, program_id: str, first: date | None = None, last: date | None = None
) -> own_views.ActivityBody:
    """The figures as REST answers them. The session sees the owner's rows then. Raises InvalidRequest, NotFound."""
    partner = writing.find_as_owner(session, who.caller, program_id)
    found = own_activity.load(session, partner, livemode=who.caller.livemode, first=first, last=last)
    return own_views.activity_body(partner, session.get_one(Program, partner.program_id), found)
