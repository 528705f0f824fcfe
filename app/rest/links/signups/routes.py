"""Routes for customer sign-ups that the merchant's server reports."""

from datetime import UTC, datetime

from flask import Response, g

from app.commissions.reported import signup_outcomes, signups
from app.http import causes
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.programs.programs import get_program
from app.rest.links.signups import requests
from app.signups import views
from app.signups.commands import Registration
from app.signups.queries import get_signup, list_signups

api = surface("Sign-ups", __name__, "Your users who registered, before Stripe knows the customer.", "Customer sign-ups")


@api.post(
    "/api/v1/signups",
    security=needs("signups:write"),
    responses={"200": views.SignUpBody, "201": views.SignUpBody, "404": ErrorBody, "415": ErrorBody},
)
def report_signup(body: requests.SignUpReport) -> Response:
    """Report a user who registered. A repetition answers 200 and fills what was empty; it changes no value."""
    owners = g.caller.organization_ids
    with access.transaction(g.caller) as session:
        program = get_program(session, owners, body.program_id, default_of=g.caller.organization_id)
        stated = Registration(
            customer_id=body.customer_id,
            occurred_at=body.occurred_at or datetime.now(UTC),
            source=signups.BY_SERVER,
            partner_id=signups.find_partner(session, program, body.affiliate_id),
            session_id=body.session_id,
            email=body.email,
            stripe_customer_id=body.stripe_customer_id,
        )
        livemode = g.caller.livemode
        signup, is_new = signups.sign_up(session, g.caller, program, stated, causes.this_request(), livemode=livemode)
        shown = signup_outcomes.load_body(session, signup)
    return ViewResponse(shown, status=201 if is_new else 200)


@api.get("/api/v1/signups", security=needs("signups:read"), responses={"200": views.SignUpPage, "404": ErrorBody})
def list_customer_signups(query: requests.SignUpQuery) -> Response:
    """Sign-ups, newest first, claims of browsers too."""
    with access.transaction(g.caller) as session:
        page = list_signups(
            session,
            g.caller.organization_ids,
            livemode=g.caller.livemode,
            customer_id=query.customer_id,
            limit=query.limit,
            starting_after=query.starting_after,
        )
        data = signup_outcomes.load_bodies(session, page.rows)
        return ViewResponse(views.SignUpPage(data=data, has_more=page.has_more))


@api.get(
    "/api/v1/signups/<signup_id>",
    security=needs("signups:read"),
    responses={"200": views.SignUpBody, "404": ErrorBody},
)
def show_signup(path: requests.SignUpPath) -> Response:
    """One sign-up."""
    with access.transaction(g.caller) as session:
        signup = get_signup(session, g.caller.organization_ids, path.signup_id)
        return ViewResponse(signup_outcomes.load_body(session, signup))
