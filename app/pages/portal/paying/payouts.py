"""A partner's payouts in a program."""

from typing import get_args

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.pages.console.frame import ROWS, Listing, asked, links
from app.pages.portal.frame import blueprint, load_enrolled, page, render, require_program
from app.pages.signed_in import SignedIn
from app.partners.partner_side import writing
from app.payouts.partner_methods import views as method_views
from app.payouts.showing import partner_side, views
from app.payouts.transitions import PayoutStatus


class PayoutQuery(Listing):
    """A filter of payouts."""

    status: PayoutStatus | None = None


@blueprint.get("/<program_id>/payouts")
@page("payouts:read")
def payouts(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Payouts, newest first, above them what the next one has."""
    query, enrolled = asked(PayoutQuery), load_enrolled(session, who, program_id)
    listed = partner_side.list_own(
        session,
        who.caller,
        limit=ROWS,
        starting_after=query.starting_after,
        status=query.status,
        program_id=program_id,
    )
    rows = [views.payout_body(payout) for payout in listed.rows]
    partner = writing.find_as_owner(session, who.caller, program_id)
    return render(
        "payouts.html",
        who,
        enrolled=enrolled,
        asked=query,
        statuses=get_args(PayoutStatus),
        rows=rows,
        method=method_views.load_body(session, partner, livemode=who.caller.livemode),
        links=links(rows, has_more=listed.has_more),
    )


@blueprint.get("/<program_id>/payouts/<payout_id>")
@page("payouts:read")
def payout(session: Session, who: SignedIn, program_id: str, payout_id: str) -> ResponseReturnValue:
    """A payout with the commissions in it, and what came back of it."""
    enrolled = load_enrolled(session, who, program_id)
    shown = views.payout_detail(session, partner_side.get_own(session, who.caller, payout_id))
    require_program(enrolled, shown.program_id, "payout", payout_id)
    return render("payout.html", who, enrolled=enrolled, shown=shown)
