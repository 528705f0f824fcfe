"""Routes of the partner side. No parameter names another partner: the key's organization determines the rows."""

from functools import partial

from flask import Response, g

from app.commissions.analytics import own_activity, own_views
from app.errors import InvalidRequest
from app.http import configured
from app.http.errors import ErrorBody
from app.http.surfaces import PARTNER_SIDE, ViewResponse, needs, surface
from app.organizations import access
from app.partners.joining import invitations
from app.partners.partner_side import enrollments, statistics, writing
from app.partners.partner_side import views as shapes
from app.programs.models import Program
from app.rest.partner_side import requests
from app.touchpoints import own_links

api = surface(PARTNER_SIDE, __name__, "The data of the partner whose organization owns the key.")


@api.get("/v1/admin/affiliate-me/programs", security=needs("partners:read"), responses={"200": shapes.MyProgramPage})
def list_my_programs(query: requests.MyListQuery) -> Response:
    """The programs you are enrolled in, newest first."""
    with access.affiliate_transaction(g.caller) as session:
        page = enrollments.list_enrollments(session, g.caller, limit=query.limit, starting_after=query.starting_after)
        data = shapes.load_my_programs(session, page.rows)
        return ViewResponse(shapes.MyProgramPage(data=data, has_more=page.has_more))


@api.get(
    "/v1/admin/affiliate-me/programs/<program_id>/referral",
    security=needs("partners:read"),
    responses={"200": shapes.Referral, "404": ErrorBody, "409": ErrorBody},
)
def show_my_referral(path: requests.MyProgramPath, query: requests.MyLinkQuery) -> Response:
    """Your codes and link in a program, to any of its pages and with a sub-id if you like."""
    with access.affiliate_transaction(g.caller) as session:
        url = configured.settings().public_url
        return ViewResponse(
            own_links.load_link(session, g.caller, path.program_id, url, to=query.to, sub_id=query.sub_id)
        )


@api.get(
    "/v1/admin/affiliate-me/programs/<program_id>/activity",
    security=needs("commissions:read"),
    responses={"200": own_views.ActivityBody, "404": ErrorBody},
)
def show_my_activity(path: requests.MyProgramPath, query: requests.MyActivityQuery) -> Response:
    """What came of your links in a program, day by day: visits, sign-ups, customers and commissions."""
    with access.affiliate_transaction(g.caller) as session:
        partner = writing.find_as_owner(session, g.caller, path.program_id)
        activity = own_activity.load(session, partner, livemode=g.caller.livemode, first=query.first, last=query.last)
        return ViewResponse(own_views.activity_body(partner, session.get_one(Program, partner.program_id), activity))


@api.get("/v1/admin/affiliate-me/stats", security=needs("commissions:read"), responses={"200": shapes.MyStats})
def show_my_stats() -> Response:
    """What you earned, by program and currency."""
    with access.affiliate_transaction(g.caller) as session:
        sums = statistics.load_own(session, g.caller)
        return ViewResponse(shapes.MyStats(data=[shapes.my_totals(*row) for row in sums]))


@api.get("/v1/admin/affiliate-me/balance", security=needs("commissions:read"), responses={"200": shapes.MyBalance})
def show_my_balance(query: requests.MyBalanceQuery) -> Response:
    """What is owed to you, what is in a payout and what you received, by currency: now, or as recorded by a time."""
    if query.at is not None:
        begin = partial(access.affiliate_transaction, g.caller)
        return ViewResponse(shapes.my_balance(statistics.load_own_at(begin, g.caller, query.at)))
    with access.affiliate_transaction(g.caller) as session:
        return ViewResponse(shapes.my_balance(statistics.load_own(session, g.caller)))


@api.post(
    "/v1/admin/affiliate-me/invitations/accept",
    security=needs("partners:write"),
    responses={"200": shapes.MyProgram, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def accept_invitation(body: requests.Acceptance) -> Response:
    """Accept an invitation for the organization of your key; from then on you earn."""
    if (body.token is None) == (body.program_id is None):
        raise InvalidRequest("send exactly one of token and program_id", param="token")
    # Before it is accepted, only the token shows that the caller may see this row.
    with access.open_transaction() as session:
        if body.token is not None:
            partner = invitations.accept(session, g.caller, body.token, g.caller.organization_id)
        else:
            partner = invitations.accept_enrollment(session, g.caller, body.program_id or "", g.caller.organization_id)
        [shown] = shapes.load_my_programs(session, [(partner, session.get_one(Program, partner.program_id))])
        return ViewResponse(shown)
