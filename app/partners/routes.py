"""Partners and affiliates: the same rows on two surfaces."""

from typing import Any, Final

from flask import Response, g
from sqlalchemy.orm import Session

from app import ids
from app.api.errors import ErrorBody
from app.api.surfaces import answer, needs, surface
from app.errors import InvalidRequest
from app.organizations import access, audit
from app.partners import enrollment, listing, shapes, snapshots, statistics, tree
from app.partners.models import Partner, Program
from app.partners.programs import get_program
from app.partners.rules import bps_of, valid_email
from app.partners.terms import terms_in_force

api = surface("Partners", __name__, "Who earns: one affiliate's enrollment in one program.")

STORED_STATUS: Final[dict[str, enrollment.Status]] = {
    "invited": "pending",
    "active": "active",
    "deactivated": "deactivated",
}
AUDITED: Final = frozenset({"slug", "status", "commission_pct", "parent_id"})
"""Of what may change, that which the audit trail keeps: no addresses, names or metadata."""


@api.post(
    "/api/v1/partners",
    security=needs("partners:write"),
    responses={"201": shapes.PartnerBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def create_partner(body: shapes.PartnerCreation) -> Response:
    """Invite a partner; it earns once it is active."""
    with access.transaction(g.caller) as session:
        program = get_program(session, g.caller.organization_ids, body.program_id, default_of=g.caller.organization_id)
        profile = body.model_dump(include={"first_name", "last_name", "payout_method", "metadata"})
        partner = enrollment.create_partner(
            session,
            program,
            email=body.email,
            slug=body.slug,
            payout_email=_valid_payout_email(body.payout_email),
            **profile,
            **_own_terms(session, program, body),
        )
        if body.parent_id is not None:
            _set_parent(session, partner, body.parent_id)
        session.refresh(partner)
        shown = shapes.partner_body(partner, snapshots.in_force(session, partner.id))
        details = {"program_id": shown.program_id, "slug": shown.slug, "commission_pct": shown.commission_pct}
        audit.record(session, g.caller, "partner.created", shown.id, details, organization_id=partner.organization_id)
        return answer(shown, status=201)


@api.get("/api/v1/partners", security=needs("partners:read"), responses={"200": shapes.PartnerPage})
def list_partners(query: shapes.PartnerQuery) -> Response:
    """Partners, newest first."""
    with access.transaction(g.caller) as session:
        partners, total = listing.list_partners(
            session,
            g.caller.organization_ids,
            limit=query.per_page,
            page=query.page,
            starting_after=query.starting_after,
            status=query.status,
            search=query.search,
        )
        stamped = snapshots.in_force_of_each(session, [partner.id for partner in partners])
    data = [shapes.partner_body(partner, stamped.get(partner.id)) for partner in partners]
    return answer(shapes.PartnerPage(data=data, total=total, page=query.page, per_page=query.per_page))


@api.get(
    "/api/v1/partners/<partner_id>",
    security=needs("partners:read"),
    responses={"200": shapes.PartnerWithStats, "404": ErrorBody},
)
def show_partner(path: shapes.PartnerPath) -> Response:
    """A partner, with what it earned for keys that may read commissions."""
    with access.transaction(g.caller) as session:
        partner = listing.get_partner(session, g.caller.organization_ids, path.partner_id)
        snapshot = snapshots.in_force(session, partner.id)
        if not g.caller.may("commissions:read"):
            return answer(shapes.partner_body(partner, snapshot))
        program = session.get_one(Program, partner.program_id)
        every = statistics.of_partner(session, partner, program)
        return answer(shapes.partner_with_stats(partner, snapshot, every, program.currency))


@api.patch(
    "/api/v1/partners/<partner_id>",
    security=needs("partners:write"),
    responses={"200": shapes.PartnerBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def change_partner(path: shapes.PartnerPath, body: shapes.PartnerChange) -> Response:
    """Change what is given; a new rate holds from now on and never touches what was earned."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    _refuse_impossible(changes)
    with access.transaction(g.caller) as session:
        partner = listing.get_partner(session, g.caller.organization_ids, path.partner_id, to_change=True)
        _apply(session, partner, changes)
        shown = shapes.partner_body(partner, snapshots.in_force(session, partner.id))
        details = {"changed": sorted(changes), **shown.model_dump(include=set(AUDITED & changes.keys()))}
        audit.record(session, g.caller, "partner.updated", shown.id, details, organization_id=partner.organization_id)
        return answer(shown)


@api.delete(
    "/api/v1/partners/<partner_id>",
    security=needs("partners:write"),
    responses={"200": shapes.PartnerBody, "404": ErrorBody},
)
def deactivate_partner(path: shapes.PartnerPath) -> Response:
    """End a partner's enrollment. It stays with all it earned, its codes stay its own; twice is once."""
    with access.transaction(g.caller) as session:
        partner = listing.get_partner(session, g.caller.organization_ids, path.partner_id, to_change=True)
        if partner.status not in enrollment.ENDED:
            enrollment.change_status(session, partner, "deactivated")
            public_id = ids.encode(ids.PARTNER, partner.id)
            owner_id = partner.organization_id
            audit.record(session, g.caller, "partner.deactivated", public_id, organization_id=owner_id)
        return answer(shapes.partner_body(partner, snapshots.in_force(session, partner.id)))


@api.get("/api/v1/affiliates", security=needs("partners:read"), responses={"200": shapes.AffiliatePage})
def list_affiliates(query: shapes.AffiliateQuery) -> Response:
    """Partners under the name other systems give them, newest first."""
    with access.transaction(g.caller) as session:
        partners = listing.list_newest(
            session,
            g.caller.organization_ids,
            limit=query.limit,
            page=query.page,
            starting_after=query.starting_after,
        )
        stamped = snapshots.in_force_of_each(session, [partner.id for partner in partners])
    data = [shapes.affiliate_body(partner, stamped.get(partner.id)) for partner in partners]
    return answer(shapes.AffiliatePage(data=data, page=query.page, limit=query.limit))


def _own_terms(session: Session, program: Program, body: shapes.PartnerCreation) -> dict[str, Any]:
    """The commission and holdback of the partner's own that the body states, if any."""
    if body.commission_snapshot is not None:
        if body.commission_pct is not None:
            raise InvalidRequest("give commission_pct or commission_snapshot, not both", param="commission_snapshot")
        own = body.commission_snapshot
        return {"commission": own.commission.model_dump(exclude_none=True), "holdback_days": own.holdback_days}
    if body.commission_pct is not None:
        terms = terms_in_force(session, program.id)
        return {"commission": snapshots.with_rate(terms.commission, bps_of(body.commission_pct))}
    return {}


def _refuse_impossible(changes: dict[str, Any]) -> None:
    if "apply_to" in changes and "commission_pct" not in changes:
        raise InvalidRequest("apply_to says whom a new commission_pct is for; send both", param="apply_to")


def _apply(session: Session, partner: Partner, changes: dict[str, Any]) -> None:
    """Make the changes. The rate comes before the status, so that becoming active keeps a rate given with it."""
    for name in ("first_name", "last_name", "payout_method"):
        if name in changes:
            setattr(partner, name, changes[name])
    if "payout_email" in changes:
        partner.payout_email = _valid_payout_email(changes["payout_email"])
    if "parent_id" in changes:
        _set_parent(session, partner, changes["parent_id"])
    if "metadata" in changes:
        partner.details = changes["metadata"]
    if "email" in changes:
        enrollment.change_email(session, partner, changes["email"])
    if "slug" in changes:
        enrollment.rename(session, partner, changes["slug"])
    if "commission_pct" in changes:
        percent = changes["commission_pct"]
        rate_bps = None if percent is None else bps_of(percent)
        snapshots.amend_rate(session, partner, rate_bps, changes.get("apply_to", "all_customers"))
    if "status" in changes:
        _change_status(session, partner, changes["status"])
    session.flush()


def _change_status(session: Session, partner: Partner, status: shapes.PartnerStatus) -> None:
    # This surface has one word for paused, banned and deactivated; saying it again changes none of them.
    if shapes.PARTNER_STATUS[partner.status] != status:
        enrollment.change_status(session, partner, STORED_STATUS[status])


def _set_parent(session: Session, partner: Partner, parent_id: str | None) -> None:
    """Put the partner under another of the caller's, or under nobody."""
    above = listing.get_partner(session, g.caller.organization_ids, parent_id) if parent_id is not None else None
    tree.set_parent(session, partner, above)


def _valid_payout_email(email: str | None) -> str | None:
    return None if email is None else valid_email(email, param="payout_email")
