"""Tools for a partner's own account at Stripe: request it, open the onboarding, see what Stripe requires."""

from app import jobs
from app.mcp.calls import Call
from app.organizations import access
from app.partners.partner_side import writing
from app.payouts.connect import accounts, commands, links, views
from app.rest.partner_side import requests


def create(call: Call, query: requests.MyEnrollmentQuery, body: requests.PayoutAccountCreation) -> views.PayoutAccount:
    """Request an account at Stripe that receives your payouts. Moves no money; a repeat changes nothing."""
    with writing.own_transaction(call.caller, query.program_id) as (session, partner):
        row = commands.open_account(session, call.caller, partner, body.country, livemode=call.caller.livemode)
        shown = views.payout_account(partner, row)
    jobs.wake(jobs.ACCOUNTS)
    return shown


def onboard(
    call: Call, query: requests.MyEnrollmentQuery, body: requests.PayoutAccountLinkRequest
) -> views.PayoutAccountLink:
    """Get a link to Stripe's onboarding, which works once. If url is null, call again in a few seconds."""
    return links.obtain(
        call.caller,
        query.program_id,
        return_url=body.return_url,
        refresh_url=body.refresh_url,
        home=f"{call.settings.public_url}/",
    )


def show(call: Call, query: requests.MyEnrollmentQuery) -> views.PayoutAccount:
    """Get your account at Stripe: whether it can receive, and what Stripe still requires."""
    with access.affiliate_transaction(call.caller) as session:
        partner = writing.find_enrollment(session, call.caller, query.program_id)
        owner, own = partner.organization_id, partner.partner_organization_id
        row = accounts.find(session, owner, own, livemode=call.caller.livemode)
        return views.payout_account(partner, row)
