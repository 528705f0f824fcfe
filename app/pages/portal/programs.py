"""A partner's programs: the list with its balances, and a program with its link, earnings and next payout."""

from typing import Final

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import money
from app.commissions import queries as commissions_queries
from app.commissions import views as commission_views
from app.commissions.queries import ListQuery
from app.http import configured
from app.pages.console.frame import Listing, asked, links
from app.pages.portal import activity, codes
from app.pages.portal.frame import blueprint, load_enrolled, page, render
from app.pages.signed_in import SignedIn
from app.partners.joining.applications import views as applications
from app.partners.partner_side import enrollments, statistics, views, writing
from app.payouts.partner_methods import views as method_views
from app.statements import partner_side as statements
from app.statements import views as statement_views

PROGRAMS: Final = 10
"""Programs on a page of their list, each with its next payout."""
LATEST: Final = 5
"""Commissions on a program's page; their list has all."""
MONTHS: Final = 24
"""Closed statements on a program's page; their list has all."""


@blueprint.get("", endpoint="enrollments")
@page("commissions:read")
def list_programs(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Every program that the organization is enrolled in, each with its next payout, and what was earned in all.

    The session sees the owners' rows after the balances were loaded, and the next payouts need them.
    """
    query, livemode = asked(Listing), who.caller.livemode
    listed = enrollments.list_enrollments(session, who.caller, limit=PROGRAMS, starting_after=query.starting_after)
    shown = views.load_my_programs(session, listed.rows)
    balance = views.my_balance(statistics.load_own(session, who.caller))
    return render(
        "enrollments.html",
        who,
        shown=shown,
        methods=[method_views.load_body(session, partner, livemode=livemode) for partner, _ in listed.rows],
        balance=balance,
        links=links(shown, has_more=listed.has_more),
    )


@blueprint.get("/<program_id>")
@page("commissions:read")
def program(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """A program: the link to share, what was earned, and what the next payout has."""
    enrolled = load_enrolled(session, who, program_id)
    partner, found = enrollments.get_enrollment(session, who.caller, program_id)
    [shown] = views.load_my_programs(session, [(partner, found)])
    referral = views.load_referral(session, who.caller, program_id, configured.settings().public_url)
    latest = ListQuery(LATEST, who.caller.livemode)
    page_of_latest = commissions_queries.load_own_page(session, who.caller, latest, enrolled.partner_id)
    return render(
        "program.html",
        who,
        enrolled=enrolled,
        shown=shown,
        welcome=views.welcome(enrolled.brand, partner),
        agreement=applications.load_own(session, partner),
        referral=referral,
        picture=codes.picture(referral.link) if referral.link else None,
        commissions=commission_views.own_commission_bodies(session, page_of_latest.rows),
        scale=10 ** money.decimals(enrolled.currency),
        **_money(session, who, program_id),
    )


def _money(session: Session, who: SignedIn, program_id: str) -> dict[str, object]:
    """Balances in a program, month by month too, and its next payout. The session sees the owner's rows then."""
    closed, running = statements.load_page(session, who.caller, limit=MONTHS, program_id=program_id)
    balance = views.my_balance(statistics.load_own(session, who.caller, program_id))
    partner = writing.find_as_owner(session, who.caller, program_id)
    return {
        "activity": activity.load(session, who, program_id),
        "months": statement_views.statement_page(closed, running),
        "balances": balance.data,
        "method": method_views.load_body(session, partner, livemode=who.caller.livemode),
    }
