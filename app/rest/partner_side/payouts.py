"""Routes for a partner's own payouts."""

from collections.abc import Sequence

from flask import Response, g
from sqlalchemy.orm import Session

from app.http import csv_lists
from app.http.errors import ErrorBody
from app.http.surfaces import PARTNER_SIDE, ViewResponse, needs, surface
from app.organizations import access
from app.paging import Page
from app.payouts.models import Payout
from app.payouts.showing import partner_side, views
from app.payouts.showing.partner_side import OwnPayoutPage
from app.rest.partner_side.requests import MyPayoutQuery
from app.rest.payouts.requests import PayoutPath

api = surface(PARTNER_SIDE, __name__, "The data of the partner whose organization owns the key.", "own_payouts")


@api.get(
    "/v1/admin/affiliate-me/payouts",
    security=needs("payouts:read"),
    responses={"200": OwnPayoutPage, "404": ErrorBody},
    openapi_extensions=csv_lists.documented(views.PayoutBody),
)
def list_my_payouts(query: MyPayoutQuery) -> Response:
    """Your payouts in all your programs, newest first."""
    return csv_lists.respond(query, views.PayoutBody, _load, _render, _show, access.affiliate_transaction)


@api.get(
    "/v1/admin/affiliate-me/payouts/<payout_id>",
    security=needs("payouts:read"),
    responses={"200": views.PayoutDetail, "404": ErrorBody},
)
def show_my_payout(path: PayoutPath) -> Response:
    """One of your payouts, with the commissions in it and what came back of it."""
    with access.affiliate_transaction(g.caller) as session:
        payout = partner_side.get_own(session, g.caller, path.payout_id)
        return ViewResponse(views.payout_detail(session, payout))


def _load(session: Session, query: MyPayoutQuery) -> Page[Payout]:
    return partner_side.list_own(
        session,
        g.caller,
        limit=query.limit,
        starting_after=query.starting_after,
        status=query.status,
        program_id=query.program_id,
    )


def _render(_session: Session, rows: Sequence[Payout]) -> list[views.PayoutBody]:
    return [views.payout_body(payout) for payout in rows]


def _show(_session: Session, page: Page[Payout], shown: Sequence[views.PayoutBody]) -> OwnPayoutPage:
    return OwnPayoutPage(data=list(shown), has_more=page.has_more)
