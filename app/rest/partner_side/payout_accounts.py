"""Routes for a partner's account at Stripe: request it, open the onboarding, see what Stripe requires.

No route calls Stripe: another process does, and a route for a link waits for it for a moment.
"""

from flask import Response, g

from app import jobs
from app.http import configured
from app.http.errors import ErrorBody
from app.http.surfaces import PARTNER_SIDE, ViewResponse, needs, surface
from app.organizations import access
from app.partners.partner_side import writing
from app.payouts.connect import accounts, commands, links, views
from app.rest.partner_side import requests

api = surface(PARTNER_SIDE, __name__, "The data of the partner whose organization owns the key.", "payout_accounts")


@api.post(
    "/v1/admin/affiliate-me/payout-account",
    security=needs("partners:write"),
    responses={"201": views.PayoutAccount, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def open_my_payout_account(query: requests.MyEnrollmentQuery, body: requests.PayoutAccountCreation) -> Response:
    """Request an account at Stripe that receives your payouts. A repeat changes nothing."""
    with writing.own_transaction(g.caller, query.program_id) as (session, partner):
        row = commands.open_account(session, g.caller, partner, body.country, livemode=g.caller.livemode)
        shown = views.payout_account(partner, row)
    jobs.wake(jobs.ACCOUNTS)
    return ViewResponse(shown, status=201)


@api.get(
    "/v1/admin/affiliate-me/payout-account",
    security=needs("payouts:read"),
    responses={"200": views.PayoutAccount, "404": ErrorBody},
)
def show_my_payout_account(query: requests.MyEnrollmentQuery) -> Response:
    """Your account at Stripe: whether it can receive, and what Stripe requires."""
    with access.affiliate_transaction(g.caller) as session:
        partner = writing.find_enrollment(session, g.caller, query.program_id)
        owner, own = partner.organization_id, partner.partner_organization_id
        row = accounts.find(session, owner, own, livemode=g.caller.livemode)
        return ViewResponse(views.payout_account(partner, row))


@api.post(
    "/v1/admin/affiliate-me/payout-account/link",
    security=needs("partners:write"),
    responses={"201": views.PayoutAccountLink, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def link_my_payout_account(query: requests.MyEnrollmentQuery, body: requests.PayoutAccountLinkRequest) -> Response:
    """A link to Stripe's onboarding, which works once. If `url` is null, send the request again in a few seconds.

    Do not send an `Idempotency-Key`: the link is never repeated, and the request then does not wait for it.
    """
    shown = links.obtain(
        g.caller,
        query.program_id,
        return_url=body.return_url,
        refresh_url=body.refresh_url,
        home=f"{configured.settings().public_url}/",
    )
    return ViewResponse(shown, status=201)
