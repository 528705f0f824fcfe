"""Routes for a partner's own opening balances."""

from flask import Response, g
from sqlalchemy.orm import Session

from app.commissions.elsewhere import queries, views
from app.commissions.elsewhere.models import OpeningBalance
from app.explanations.earnings.opening_balances import OpeningBalanceExplanation, explain_own_opening_balance
from app.http import csv_lists
from app.http.errors import ErrorBody
from app.http.surfaces import PARTNER_SIDE, ViewResponse, needs, surface
from app.organizations import access
from app.paging import Page
from app.partners.partner_side.enrollments import require_access
from app.rest.ledger import opening_requests as requests

api = surface(
    PARTNER_SIDE, __name__, "The data of the partner whose organization owns the key.", "own_opening_balances"
)


@api.get(
    "/v1/admin/affiliate-me/opening-balances",
    security=needs("commissions:read"),
    responses={"200": views.OpeningBalancePage},
    openapi_extensions=csv_lists.documented(views.OpeningBalanceBody),
)
def list_my_opening_balances(query: requests.OpeningBalanceQuery) -> Response:
    """What you had earned elsewhere, in all your programs, newest first."""

    def load(session: Session, asked: requests.OpeningBalanceQuery) -> Page[OpeningBalance]:
        return queries.list_own(session, g.caller, limit=asked.limit, starting_after=asked.starting_after)

    return csv_lists.respond(
        query,
        views.OpeningBalanceBody,
        load,
        views.opening_balance_bodies,
        lambda _, page, bodies: views.OpeningBalancePage(data=list(bodies), has_more=page.has_more),
        access.affiliate_transaction,
    )


@api.get(
    "/v1/admin/affiliate-me/opening-balances/<opening_balance_id>",
    security=needs("commissions:read"),
    responses={"200": OpeningBalanceExplanation, "404": ErrorBody},
)
def explain_my_opening_balance(path: requests.OpeningBalancePath) -> Response:
    """One of your opening balances explained: where it comes from, and what is left of it."""
    with access.affiliate_transaction(g.caller) as session:
        require_access(session, g.caller)
        return ViewResponse(explain_own_opening_balance(session, queries.get(session, path.opening_balance_id)))
