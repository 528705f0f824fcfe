"""Routes for opening balances: what partners had earned in another system."""

from flask import Response, g
from sqlalchemy.orm import Session

from app.commissions.elsewhere import opening_balances, queries, views
from app.commissions.elsewhere.models import OpeningBalance
from app.commissions.elsewhere.opening_balances import EarnedElsewhere
from app.explanations.earnings.opening_balances import OpeningBalanceExplanation, explain_opening_balance
from app.http import causes, csv_lists
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.paging import Page
from app.partners.queries.listing import get_partner
from app.rest.ledger import opening_requests as requests
from app.rest.ledger.requests import PartnerPath

api = surface("Opening balances", __name__, "What partners had earned in another system.")


@api.post(
    "/api/v1/partners/<partner_id>/opening-balances",
    security=needs("payouts:write"),
    responses={"201": views.OpeningBalanceBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def record_opening_balance(path: PartnerPath, body: requests.NewOpeningBalance) -> Response:
    """Record what a partner had earned elsewhere and was not paid, or owed; it is payable at once."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        earned = EarnedElsewhere(
            currency=body.currency,
            amount_minor=body.amount_cents,
            source=body.source,
            source_id=body.source_id,
            occurred_at=body.occurred_at,
        )
        by = causes.this_request()
        balance = opening_balances.record(session, g.caller, partner, earned, livemode=g.caller.livemode, cause=by)
        return ViewResponse(views.opening_balance_body(balance), 201)


@api.get(
    "/api/v1/partners/<partner_id>/opening-balances",
    security=needs("commissions:read"),
    responses={"200": views.OpeningBalancePage, "404": ErrorBody},
    openapi_extensions=csv_lists.documented(views.OpeningBalanceBody),
)
def list_opening_balances_of_partner(path: PartnerPath, query: requests.OpeningBalanceQuery) -> Response:
    """A partner's opening balances, newest first."""
    return _list(query, path.partner_id)


@api.get(
    "/api/v1/opening-balances",
    security=needs("commissions:read"),
    responses={"200": views.OpeningBalancePage},
    openapi_extensions=csv_lists.documented(views.OpeningBalanceBody),
)
def list_opening_balances(query: requests.OpeningBalanceQuery) -> Response:
    """The opening balances of all partners, newest first."""
    return _list(query, None)


@api.get(
    "/api/v1/opening-balances/<opening_balance_id>",
    security=needs("commissions:read"),
    responses={"200": OpeningBalanceExplanation, "404": ErrorBody},
)
def show_opening_balance(path: requests.OpeningBalancePath) -> Response:
    """An opening balance explained: where it comes from, every ledger entry, and what is left of it."""
    with access.transaction(g.caller) as session:
        return ViewResponse(explain_opening_balance(session, queries.get(session, path.opening_balance_id)))


def _list(query: requests.OpeningBalanceQuery, partner_id: str | None) -> Response:
    def load(session: Session, asked: requests.OpeningBalanceQuery) -> Page[OpeningBalance]:
        owners = g.caller.organization_ids
        partner = None if partner_id is None else get_partner(session, owners, partner_id)
        return queries.list_owned(
            session,
            owners,
            livemode=g.caller.livemode,
            limit=asked.limit,
            starting_after=asked.starting_after,
            partner=partner,
        )

    return csv_lists.respond(
        query,
        views.OpeningBalanceBody,
        load,
        views.opening_balance_bodies,
        lambda _, page, bodies: views.OpeningBalancePage(data=list(bodies), has_more=page.has_more),
    )
