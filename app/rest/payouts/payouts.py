"""Routes for payouts: show one, record what became of it, and write off."""

from typing import Any, Final

from flask import Response, g
from sqlalchemy.orm import Session

from app import ids
from app.http import causes
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.partners.queries.listing import get_partner
from app.payouts.models import Payout
from app.payouts.showing import queries, views
from app.payouts.steps import commands, write_offs
from app.rest.partners.requests import PartnerPath
from app.rest.payouts import requests

api = surface("Payouts", __name__, "What each partner is paid, and what became of it.")

CHANGED: Final[dict[Any, Any]] = {"200": views.PayoutDetail, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody}


@api.get(
    "/api/v1/payouts/<payout_id>",
    security=needs("payouts:read"),
    responses={"200": views.PayoutDetail, "404": ErrorBody},
)
def show_payout(path: requests.PayoutPath) -> Response:
    """A payout with the commissions in it, and what came back of it."""
    with access.transaction(g.caller) as session:
        return ViewResponse(views.payout_detail(session, _payout(session, path)))


@api.post("/api/v1/payouts/<payout_id>/confirm", security=needs("payouts:write"), responses=CHANGED)
def confirm_payout(path: requests.PayoutPath, body: requests.PayoutConfirmation) -> Response:
    """Record that a payout has reached the partner."""
    with access.transaction(g.caller) as session:
        payout = _payout(session, path)
        by = causes.this_request()
        payout = commands.confirm(session, g.caller, payout, by, reference=body.reference, paid_at=body.paid_at)
        return ViewResponse(views.payout_detail(session, payout))


@api.post("/api/v1/payouts/<payout_id>/fail", security=needs("payouts:write"), responses=CHANGED)
def fail_payout(path: requests.PayoutPath, body: requests.Failure) -> Response:
    """Record that a payout did not reach the partner; its amount is payable again."""
    with access.transaction(g.caller) as session:
        payout = commands.fail(session, g.caller, _payout(session, path), causes.this_request(), reason=body.reason)
        return ViewResponse(views.payout_detail(session, payout))


@api.post("/api/v1/payouts/<payout_id>/cancel", security=needs("payouts:write"), responses=CHANGED)
def cancel_payout(path: requests.PayoutPath, body: requests.Cancellation) -> Response:
    """Cancel a payout that was not paid; its amount is payable again."""
    with access.transaction(g.caller) as session:
        payout = _payout(session, path)
        by = causes.this_request()
        payout = commands.cancel(session, g.caller, payout, by, force=body.force, reason=body.reason or "")
        return ViewResponse(views.payout_detail(session, payout))


@api.post("/api/v1/payouts/<payout_id>/return", security=needs("payouts:write"), responses=CHANGED)
def return_payout(path: requests.PayoutPath, body: requests.Return) -> Response:
    """Record that money of a payout came back, the whole or a part; that is payable again."""
    with access.transaction(g.caller) as session:
        payout = _payout(session, path)
        by = causes.this_request()
        payout = commands.give_back(
            session,
            g.caller,
            payout,
            by,
            amount_minor=body.amount_cents,
            reason=body.reason,
            returned_at=body.returned_at,
        )
        return ViewResponse(views.payout_detail(session, payout))


@api.post(
    "/api/v1/partners/<partner_id>/write-off",
    security=needs("payouts:write"),
    responses={"200": views.WrittenOffBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def write_off(path: PartnerPath, body: requests.WriteOff) -> Response:
    """End a partner's balance that will never be paid, or its debt that will never be repaid."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        done = write_offs.write_off(
            session,
            g.caller,
            partner,
            causes.this_request(),
            livemode=g.caller.livemode,
            currency=body.currency,
            amount_minor=body.amount_cents,
            reason=body.reason,
        )
        return ViewResponse(views.written_off_body(ids.encode(ids.PARTNER, partner.id), done))


def _payout(session: Session, path: requests.PayoutPath) -> Payout:
    return queries.get_payout(session, g.caller.organization_ids, path.payout_id)
