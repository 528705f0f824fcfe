"""Routes for a partner's postback URL, one for each program it is enrolled in and each mode."""

from flask import Response, g

from app.http import configured
from app.http.errors import ErrorBody
from app.http.surfaces import PARTNER_SIDE, ViewResponse, needs, surface
from app.organizations import access
from app.outbound import partner_commands, views
from app.partners.partner_side import writing
from app.rest.partner_side import requests

api = surface(PARTNER_SIDE, __name__, "The data of the partner whose organization owns the key.", "postbacks")


@api.get(
    "/v1/admin/affiliate-me/postback",
    security=needs("partners:read"),
    responses={"200": views.PostbackBody, "404": ErrorBody},
)
def show_my_postback(query: requests.MyEnrollmentQuery) -> Response:
    """The URL that is called for your commissions."""
    with access.affiliate_transaction(g.caller) as session:
        partner = writing.find_enrollment(session, g.caller, query.program_id)
        return ViewResponse(partner_commands.load_postback(session, partner, livemode=g.caller.livemode))


@api.put(
    "/v1/admin/affiliate-me/postback",
    security=needs("partners:write"),
    responses={"200": views.PostbackBody, "404": ErrorBody, "415": ErrorBody},
)
def set_my_postback(query: requests.MyEnrollmentQuery, body: requests.Postback) -> Response:
    """Set the URL that is called (GET, without a body) when something happens to one of your commissions.

    Write `{id}`, `{amount}`, `{currency}`, `{status}`, `{event}` and others into its query; each call has their values.
    """
    settings = configured.settings()
    with writing.own_transaction(g.caller, query.program_id) as (session, partner):
        shown = partner_commands.set_postback(
            session, g.caller, partner, settings, livemode=g.caller.livemode, url=body.url, events=body.events
        )
        return ViewResponse(shown)


@api.delete(
    "/v1/admin/affiliate-me/postback",
    security=needs("partners:write"),
    responses={"200": views.PostbackBody, "404": ErrorBody},
)
def remove_my_postback(query: requests.MyEnrollmentQuery) -> Response:
    """Remove your URL; it is not called any more."""
    with writing.own_transaction(g.caller, query.program_id) as (session, partner):
        shown = partner_commands.remove_postback(session, g.caller, partner, livemode=g.caller.livemode)
        return ViewResponse(shown)
