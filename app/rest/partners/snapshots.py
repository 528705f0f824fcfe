"""Routes for a partner's terms: its snapshots, and amending them from a time on."""

from flask import Response, g
from sqlalchemy.orm import Session

from app.explanations.earnings.previews import OfferPreview, try_amendment
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.partners.managing import commands
from app.partners.models import Partner
from app.partners.queries.listing import get_partner
from app.partners.terms import views as shapes
from app.rest.partners import requests
from app.rest.partners.requests import PartnerPath

api = surface("Partner terms", __name__, "The terms stamped onto a partner, from which its commissions compute.")


@api.get(
    "/api/v1/partners/<partner_id>/commission-snapshot",
    security=needs("partners:read"),
    responses={"200": shapes.SnapshotBody, "404": ErrorBody},
)
def show_snapshot(path: PartnerPath) -> Response:
    """The snapshot in force, and the history of all snapshots. A partner that was never active has none."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        return ViewResponse(shapes.load_snapshot_body(session, partner))


@api.put(
    "/api/v1/partners/<partner_id>/commission-snapshot",
    security=needs("partners:write"),
    responses={"200": shapes.SnapshotBody, "404": ErrorBody, "415": ErrorBody},
)
def amend_snapshot(path: PartnerPath, body: requests.Amendment) -> Response:
    """Give a partner other terms from a time on. Earlier snapshots and commissions do not change."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id, to_change=True)
        return ViewResponse(_amend(session, partner, body))


@api.post(
    "/api/v1/partners/<partner_id>/commission-snapshot/preview",
    security=needs("partners:write"),
    responses={"200": OfferPreview, "404": ErrorBody, "415": ErrorBody},
)
def preview_snapshot(path: PartnerPath, body: requests.Amendment) -> Response:
    """What a partner would earn by other terms; changes nothing."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id, to_change=True)
        offer = try_amendment(session, partner, lambda: _amend(session, partner, body))
        return ViewResponse(OfferPreview.of(offer))


def _amend(session: Session, partner: Partner, body: requests.Amendment) -> shapes.SnapshotBody:
    return commands.amend_terms(
        session,
        g.caller,
        partner,
        None if body.commission is None else body.commission.model_dump(exclude_none=True),
        holdback_days=body.holdback_days,
        applies_to=body.apply_to,
        effective_from=body.effective_from,
    )
