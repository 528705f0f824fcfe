"""A partner's commissions in a program, and the explanation of each; what it had earned elsewhere before."""

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.commissions import queries, views
from app.commissions.elsewhere import queries as opening_queries
from app.commissions.elsewhere import views as opening_views
from app.commissions.queries import ListQuery
from app.explanations.earnings.opening_balances import explain_own_opening_balance
from app.explanations.earnings.own import explain_own
from app.pages.console.frame import ROWS, Dated, asked, links
from app.pages.portal.frame import blueprint, load_enrolled, page, render, require_program
from app.pages.signed_in import SignedIn


class CommissionQuery(Dated):
    """A filter of commissions."""

    status: views.CommissionStatus | None = None


@blueprint.get("/<program_id>/commissions")
@page("commissions:read")
def commissions(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Commissions, newest first, with what was earned elsewhere on the first page."""
    query, enrolled = asked(CommissionQuery), load_enrolled(session, who, program_id)
    selected = ListQuery(
        ROWS,
        who.caller.livemode,
        starting_after=query.starting_after,
        status=query.status,
        paid=query.span_in(enrolled.time_zone),
    )
    listed = queries.load_own_page(session, who.caller, selected, enrolled.partner_id)
    rows = views.own_commission_bodies(session, listed.rows)
    before = opening_queries.list_own(session, who.caller, limit=ROWS, partner_id=enrolled.partner_id)
    return render(
        "commissions.html",
        who,
        enrolled=enrolled,
        asked=query,
        rows=rows,
        openings=opening_views.opening_balance_bodies(session, before.rows),
        links=links(rows, has_more=listed.has_more),
    )


@blueprint.get("/<program_id>/commissions/<commission_id>")
@page("commissions:read")
def commission(session: Session, who: SignedIn, program_id: str, commission_id: str) -> ResponseReturnValue:
    """Why a commission has its amount, without data of the customer."""
    enrolled, shown = load_enrolled(session, who, program_id), explain_own(session, commission_id)
    require_program(enrolled, shown.program_id, "commission", commission_id)
    return render("commission.html", who, enrolled=enrolled, shown=shown)


@blueprint.get("/<program_id>/opening-balances/<opening_balance_id>")
@page("commissions:read")
def opening_balance(session: Session, who: SignedIn, program_id: str, opening_balance_id: str) -> ResponseReturnValue:
    """What the partner had earned elsewhere, and what became of it."""
    enrolled, found = load_enrolled(session, who, program_id), opening_queries.get(session, opening_balance_id)
    shown = explain_own_opening_balance(session, found)
    require_program(enrolled, shown.opening_balance.program_id, "opening balance", opening_balance_id)
    return render("opening_balance.html", who, enrolled=enrolled, shown=shown)
