"""The public door to becoming a partner: open sign-up, and using an invitation."""

from typing import Final

from flask import Response
from sqlalchemy.orm import Session

from app import db
from app.api import bodies, throttle
from app.api.errors import ErrorBody
from app.api.surfaces import answer, surface
from app.errors import Conflict, InvalidRequest
from app.organizations import audit
from app.partners import invitations, signup
from app.partners import signup_shapes as shapes
from app.partners.invitations import Joined

api = surface("Sign-up", __name__, "How affiliates come by themselves, or by an invitation's link.")

SIGN_UPS_PER_MINUTE: Final = 5
"""From one address; a household or an office may share one."""


@api.before_request
def _admit() -> None:
    """Count the asker's address before anything of the request is looked at."""
    throttle.count_public("signup", per_minute=SIGN_UPS_PER_MINUTE)
    bodies.check_request()


@api.post(
    "/v1/public/affiliate/signup",
    responses={
        "201": shapes.SignedUp,
        "202": shapes.SignUpAsked,
        "404": ErrorBody,
        "415": ErrorBody,
        "429": ErrorBody,
    },
)
def sign_up(body: shapes.SignUp) -> Response:
    """Become a partner: by a program that is open for it, or by an invitation's token.

    A known e-mail address gets no key and changes nothing: 202, whatever its status, and its owner is written to.
    """
    if body.token is not None:
        return _join(body.token, body)
    if body.program_id is None or body.email is None:
        missing = "program_id" if body.program_id is None else "email"
        raise InvalidRequest(f"{missing} is required where no token is sent", param=missing)
    try:
        with db.web_transaction() as session:
            joined = signup.sign_up(session, body.program_id, name=body.name, email=body.email)
            return _made(session, "partner.signed_up", joined)
    except Conflict as taken:
        if taken.code != "email_taken":
            raise
    with db.web_transaction() as session:
        signup.mail_owner(session, body.program_id, email=body.email)
    return answer(shapes.SignUpAsked(), status=202)


def _join(token: str, body: shapes.SignUp) -> Response:
    for beside in ("program_id", "email"):
        if getattr(body, beside) is not None:
            raise InvalidRequest(f"do not send {beside} with token: the invitation already says it", param=beside)
    with db.web_transaction() as session:
        return _made(session, "partner.joined", invitations.join(session, token, body.name))


def _made(session: Session, action: str, joined: Joined) -> Response:
    shown = shapes.signed_up(joined)
    owner_id = joined.partner.organization_id
    audit.record(session, audit.PUBLIC, action, shown.partner_id, organization_id=owner_id)
    return answer(shown, status=201)
