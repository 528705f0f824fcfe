"""Routes for app users: their own code, claims and balances. No parameter names another app user."""

from typing import Final

from flask import Response, g

from app.http.errors import ClientErrorBody
from app.http.surfaces import APP_USER, ViewResponse, surface
from app.referrals import claims, codes, rewards, views
from app.rest.referrals import app_users, requests

PREFLIGHT_SECONDS: Final = 600

api = surface(
    "App users",
    __name__,
    "What your app calls for its user, with a client key and a session token.",
    error=ClientErrorBody,
)


@api.get(
    "/client/referrals/my-code",
    security=APP_USER,
    responses={"200": views.OwnReferralCodeBody, "201": views.OwnReferralCodeBody},
)
def show_my_code() -> Response:
    """The app user's code. The first call makes it and answers 201."""
    with app_users.transaction(g.caller) as session:
        code, is_new = codes.load_or_make(session, g.caller)
        return ViewResponse(views.own_code_body(code), status=201 if is_new else 200)


@api.post(
    "/client/referrals/claim",
    security=APP_USER,
    responses={"201": views.ReferralClaimBody, "404": ClientErrorBody, "415": ClientErrorBody},
)
def claim_code(body: requests.CodeClaim) -> Response:
    """Claim another app user's code; both get their rewards at once."""
    with app_users.transaction(g.caller) as session:
        made = claims.claim(session, g.caller, body.code)
        return ViewResponse(views.ReferralClaimBody(data=views.claim_view(made)), status=201)


@api.get("/client/balances", security=APP_USER, responses={"200": views.OwnBalances})
def show_my_balances() -> Response:
    """What the app user has of each currency it ever got, by the currencies' codes."""
    with app_users.transaction(g.caller) as session:
        return ViewResponse(views.own_balances(rewards.load_balances(session, g.caller)))


@api.after_request
def _allow_every_origin(response: Response) -> Response:
    """Allow every web page to call this surface (CORS): it takes no cookie, only a token that the page must have."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Idempotency-Key, X-Api-Key"
    response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response
