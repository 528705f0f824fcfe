"""A partner's terms: what was stamped onto it, and amending that from a time on."""

from datetime import UTC, datetime
from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from app import ids
from app.errors import NotFound
from app.http.errors import ErrorBody
from app.http.surfaces import answer, needs, surface
from app.organizations import access, audit
from app.partners.finding.listing import get_partner
from app.partners.models import Partner
from app.partners.terms import snapshots
from app.partners.terms import views as shapes
from app.partners.views import PartnerPath
from app.programs.models import Program
from app.views import instant_text

api = surface("Partner terms", __name__, "The terms stamped onto a partner, from which its commissions compute.")


@api.get(
    "/api/v1/partners/<partner_id>/commission-snapshot",
    security=needs("partners:read"),
    responses={"200": shapes.SnapshotBody, "404": ErrorBody},
)
def show_snapshot(path: PartnerPath) -> Response:
    """The snapshot in force, with all before and after it. A partner that was never active has none."""
    with access.transaction(g.caller) as session:
        return answer(_shown(session, get_partner(session, g.caller.organization_ids, path.partner_id)))


@api.put(
    "/api/v1/partners/<partner_id>/commission-snapshot",
    security=needs("partners:write"),
    responses={"200": shapes.SnapshotBody, "404": ErrorBody, "415": ErrorBody},
)
def amend_snapshot(path: PartnerPath, body: shapes.Amendment) -> Response:
    """Give a partner other terms from a time on. What was earned stays, and so does every earlier snapshot."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id, to_change=True)
        snapshots.amend(
            session,
            partner,
            None if body.commission is None else body.commission.model_dump(exclude_none=True),
            holdback_days=body.holdback_days,
            applies_to=body.apply_to,
            effective_from=body.effective_from,
        )
        public_id = ids.encode(ids.PARTNER, partner.id)
        owner = partner.organization_id
        audit.add_entry(session, g.caller, "partner.terms_amended", public_id, _told(body), organization_id=owner)
        return answer(_shown(session, partner))


def _shown(session: Session, partner: Partner) -> shapes.SnapshotBody:
    stamped = snapshots.load_history(session, partner.id)
    if not stamped:
        raise NotFound(
            "the partner has no commission snapshot yet; it gets one when it becomes active", code="snapshot_not_found"
        )
    return shapes.snapshot_body(stamped, session.get_one(Program, partner.program_id).currency)


def _told(body: shapes.Amendment) -> dict[str, Any]:
    """The amendment for the audit trail."""
    return {
        "commission": None if body.commission is None else body.commission.model_dump(exclude_none=True),
        "holdback_days": body.holdback_days,
        "apply_to": body.apply_to,
        "effective_from": instant_text(body.effective_from or datetime.now(UTC)),
    }
