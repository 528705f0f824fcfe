"""Routes for a partner's account at Stripe: request it, open the onboarding, see what Stripe requires.

No route calls Stripe: another process does, and a route for a link waits for it for a moment.
"""

import time
from threading import BoundedSemaphore
from typing import Final

from flask import Response, g

from app import jobs
from app.http import configured
from app.http.errors import ErrorBody
from app.http.surfaces import PARTNER_SIDE, ViewResponse, needs, surface
from app.organizations import access, stored_responses
from app.partners.partner_side import writing
from app.payouts.connect import accounts, commands, views
from app.payouts.connect.commands import ReturnAddresses
from app.programs.validation import valid_address
from app.rest.partner_side import requests

WAIT_SECONDS: Final = 4.0
"""How long a request for a link waits for the process that asks Stripe. No transaction is open meanwhile."""
POLL_SECONDS: Final = 0.1
WAITING: Final = BoundedSemaphore(2)
"""Requests of a web process that may wait at once, so that threads are left for everything else."""

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
    home = f"{configured.settings().public_url}/"
    addresses = ReturnAddresses(
        valid_address(body.return_url, param="return_url") if body.return_url else home,
        valid_address(body.refresh_url, param="refresh_url") if body.refresh_url else home,
    )
    shown = _take_link(query.program_id, addresses)
    if shown.url is None:
        jobs.wake(jobs.ACCOUNTS)
        shown = _wait(query.program_id, shown)
    return ViewResponse(shown, status=201)


def _take_link(program_id: str | None, addresses: ReturnAddresses | None) -> views.PayoutAccountLink:
    """The link if it is ready; else, with `addresses`, it is requested, and the account with it if there is none."""
    with writing.own_transaction(g.caller, program_id) as (session, partner):
        row = commands.open_account(session, g.caller, partner, None, livemode=g.caller.livemode)
        link = commands.take_link(session, g.caller, partner, row)
        if link is None and addresses is not None:
            commands.request_link(session, row, addresses)
        return views.payout_account_link(row, link)


def _wait(program_id: str | None, shown: views.PayoutAccountLink) -> views.PayoutAccountLink:
    """The link as soon as it is ready, or `shown` if it is not in time."""
    if stored_responses.is_joining() or not WAITING.acquire(blocking=False):
        return shown
    try:
        stop_at = time.monotonic() + WAIT_SECONDS
        while shown.url is None and time.monotonic() < stop_at:
            time.sleep(POLL_SECONDS)
            shown = _take_link(program_id, None)
    finally:
        WAITING.release()
    return shown
