"""Public routes for becoming a partner: open sign-up, and the use of an invitation."""

from typing import Final

from flask import Response, request

from app import db
from app.http import bodies, configured, throttle
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, surface
from app.organizations import actors
from app.partners.joining import confirmations, invitations, signup
from app.partners.joining import views as shapes
from app.partners.joining.applications.commands import Filled
from app.rest.partner_side import requests

api = surface("Sign-up", __name__, "How affiliates sign up by themselves, or join by an invitation's link.")

INVITATION: Final = "/v1/public/affiliate/invitation"
LOOK_UPS_PER_MINUTE: Final = 60
"""Look-ups of invitations for each network address.

They are counted separately, so that opening the page does not use up an acceptance.
"""


@api.before_request
def _admit() -> None:
    """Count the caller's address before anything else of the request is checked."""
    if request.path == INVITATION:
        throttle.count_public("invitation", per_minute=LOOK_UPS_PER_MINUTE)
    else:
        throttle.count_public(signup.LIMIT, per_minute=signup.PER_MINUTE)
    bodies.check_request()


@api.post(
    "/v1/public/affiliate/signup",
    responses={
        "201": shapes.SignedUp,
        "404": ErrorBody,
        "409": ErrorBody,
        "415": ErrorBody,
        "429": ErrorBody,
    },
)
def sign_up(body: requests.SignUp) -> Response:
    """Become a partner of a program with open sign-up, or by an invitation's token.

    The response is the same for every address. An address that you give yourself counts after you confirm it by the
    mailed link, or after the program's owner approves you.
    """
    with db.web_transaction() as session:
        joined = signup.register(
            session,
            actors.PUBLIC,
            name=body.name,
            program_id=body.program_id,
            email=body.email,
            token=body.token,
            filled=Filled(body.answers, body.agreement_version),
        )
        return ViewResponse(shapes.load_signed_up(session, joined, configured.settings().public_url), status=201)


@api.post(
    INVITATION,
    responses={"200": shapes.InvitationBody, "404": ErrorBody, "415": ErrorBody, "429": ErrorBody},
)
def show_invitation(body: requests.InvitationToken) -> Response:
    """Show who invites, to what and at which rate, by an invitation's token. Changes nothing."""
    with db.web_transaction() as session:
        return ViewResponse(shapes.invitation_body(invitations.load_offer(session, body.token)))


@api.post(
    "/v1/public/affiliate/confirmation",
    responses={"200": shapes.Confirmed, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody, "429": ErrorBody},
)
def confirm_address(body: requests.Confirmation) -> Response:
    """Confirm the address you signed up with, by the token of the link that was mailed to it."""
    with db.web_transaction() as session:
        return ViewResponse(shapes.confirmed(confirmations.confirm(session, actors.PUBLIC, body.token)))
