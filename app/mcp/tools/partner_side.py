"""Tools of the partner side. No parameter names another partner: the key's organization determines the rows."""

from functools import partial

from app.mcp.calls import Call
from app.organizations import access
from app.partners.partner_side import enrollments, statistics, views
from app.payouts.showing import partner_side
from app.payouts.showing.partner_side import OwnPayoutPage
from app.payouts.showing.views import payout_body
from app.rest.partner_side import requests
from app.touchpoints import own_links


def list_programs(call: Call, query: requests.MyListQuery) -> views.MyProgramPage:
    """List the programs you are a partner of, newest first."""
    with access.affiliate_transaction(call.caller) as session:
        page = enrollments.list_enrollments(
            session, call.caller, limit=query.limit, starting_after=query.starting_after
        )
        return views.MyProgramPage(data=views.load_my_programs(session, page.rows), has_more=page.has_more)


def show_referral(call: Call, path: requests.MyProgramPath, query: requests.MyLinkQuery) -> views.Referral:
    """Get your codes and link in a program, to any of its pages and with a sub-id if you like."""
    with access.affiliate_transaction(call.caller) as session:
        url = call.settings.public_url
        return own_links.load_link(session, call.caller, path.program_id, url, to=query.to, sub_id=query.sub_id)


def show_stats(call: Call) -> views.MyStats:
    """Get what you earned, by program and currency."""
    with access.affiliate_transaction(call.caller) as session:
        return views.MyStats(data=[views.my_totals(*row) for row in statistics.load_own(session, call.caller)])


def show_balance(call: Call, query: requests.MyBalanceQuery) -> views.MyBalance:
    """Get what is owed to you, in a payout and paid, by currency: now, or as recorded at a time."""
    if query.at is not None:
        begin = partial(access.affiliate_transaction, call.caller)
        return views.my_balance(statistics.load_own_at(begin, call.caller, query.at))
    with access.affiliate_transaction(call.caller) as session:
        return views.my_balance(statistics.load_own(session, call.caller))


def list_payouts(call: Call, query: requests.MyPayoutQuery) -> OwnPayoutPage:
    """List your payouts, newest first."""
    with access.affiliate_transaction(call.caller) as session:
        page = partner_side.list_own(
            session,
            call.caller,
            limit=query.limit,
            starting_after=query.starting_after,
            status=query.status,
            program_id=query.program_id,
        )
        return OwnPayoutPage(data=[payout_body(payout) for payout in page.rows], has_more=page.has_more)
