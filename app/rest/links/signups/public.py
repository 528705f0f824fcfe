"""The public route for sign-ups that pages claim with a browser key."""

from datetime import UTC, datetime
from typing import Final

from flask import Response

from app import db
from app.http import throttle
from app.http.causes import this_request
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, surface
from app.organizations import actors
from app.programs.programs import get_program
from app.rest.links import browser_keys, merchant_pages
from app.rest.links.signups import requests
from app.signups import commands, views
from app.signups.commands import Registration
from app.signups.models import BY_BROWSER

CLAIMS_PER_MINUTE: Final = 30
"""For each network address, which an office or a school may share."""

api = surface("Sign-ups", __name__, "Your users who registered, before Stripe knows the customer.", "Claimed sign-ups")
api.before_request(merchant_pages.read_plain_text)
api.after_request(browser_keys.allow_pages)


@api.post("/v1/public/signups", responses={"202": views.ClaimAnswer, "403": ErrorBody, "404": ErrorBody})
def claim_signup(body: requests.SignUpClaim) -> Response:
    """Claim a sign-up from a page with a browser key; every claim has the same answer.

    It counts only for its own session, and only if the user's Stripe customer has shown the e-mail address.
    """
    throttle.count_public("signups", per_minute=CLAIMS_PER_MINUTE)
    with db.web_transaction() as session:
        key = browser_keys.admit(session, body.key)
        db.narrow_to_organizations(session, [key.organization_id], livemode=key.livemode)
        program = get_program(session, [key.organization_id], body.program_id, default_of=key.organization_id)
        stated = Registration(
            customer_id=body.customer_id,
            occurred_at=datetime.now(UTC),
            source=BY_BROWSER,
            session_id=body.session_id,
            email=body.email,
        )
        cause = this_request().by
        commands.record(session, actors.PUBLIC, program, stated, livemode=key.livemode, cause=cause)
    return ViewResponse(views.ClaimAnswer(outcome="recorded"), status=202)
