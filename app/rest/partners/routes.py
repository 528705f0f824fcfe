"""Routes for partners and affiliates: the same rows under two names."""

from collections.abc import Sequence
from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from app.http import csv_lists
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.paging import Page
from app.partners import views
from app.partners.managing import commands
from app.partners.models import Partner
from app.partners.queries import listing
from app.partners.validation import stored_of_partner_status
from app.programs.programs import get_program
from app.rest.partners import requests

api = surface("Partners", __name__, "Partners: an affiliate's enrollments in programs.")


@api.post(
    "/api/v1/partners",
    security=needs("partners:write"),
    responses={"201": views.PartnerBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def create_partner(body: requests.PartnerCreation) -> Response:
    """Invite a partner; it earns once it is active."""
    with access.transaction(g.caller) as session:
        program = get_program(session, g.caller.organization_ids, body.program_id, default_of=g.caller.organization_id)
        plain = body.model_dump(exclude={"program_id", "commission_snapshot"})
        own = body.commission_snapshot
        if own is not None:
            plain["commission"] = own.commission.model_dump(exclude_none=True)
            plain["holdback_days"] = own.holdback_days
        shown = commands.add(session, g.caller, program, **plain)
        return ViewResponse(shown, status=201)


@api.get(
    "/api/v1/partners",
    security=needs("partners:read"),
    responses={"200": views.PartnerPage},
    openapi_extensions=csv_lists.documented(views.PartnerBody),
)
def list_partners(query: requests.PartnerQuery) -> Response:
    """Partners, newest first."""

    def show(session: Session, page: Page[Partner], data: Sequence[views.PartnerBody]) -> views.PartnerPage:
        total = listing.count_partners(session, g.caller.organization_ids, **_filter(query))
        return views.PartnerPage(
            data=list(data), total=total, page=query.page, per_page=query.per_page, has_more=page.has_more
        )

    return csv_lists.respond(query, views.PartnerBody, _partners, views.load_partner_bodies, show)


@api.get(
    "/api/v1/partners/<partner_id>",
    security=needs("partners:read"),
    responses={"200": views.PartnerWithStats, "404": ErrorBody},
)
def show_partner(path: requests.PartnerPath) -> Response:
    """A partner, with what it earned for keys that may read commissions."""
    with access.transaction(g.caller) as session:
        partner = listing.get_partner(session, g.caller.organization_ids, path.partner_id)
        if not g.caller.may("commissions:read"):
            return ViewResponse(commands.load_body(session, partner))
        return ViewResponse(views.load_partner_with_stats(session, partner, livemode=g.caller.livemode))


@api.patch(
    "/api/v1/partners/<partner_id>",
    security=needs("partners:write"),
    responses={"200": views.PartnerBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def change_partner(path: requests.PartnerPath, body: requests.PartnerChange) -> Response:
    """Change the given fields. A new rate applies from now on and changes nothing already earned."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    with access.transaction(g.caller) as session:
        partner = listing.get_partner(session, g.caller.organization_ids, path.partner_id, to_change=True)
        return ViewResponse(commands.change(session, g.caller, partner, changes))


@api.delete(
    "/api/v1/partners/<partner_id>",
    security=needs("partners:write"),
    responses={"200": views.PartnerBody, "404": ErrorBody},
)
def deactivate_partner(path: requests.PartnerPath) -> Response:
    """End a partner's enrollment. It keeps what it earned and its codes; repeating the call changes nothing."""
    with access.transaction(g.caller) as session:
        partner = listing.get_partner(session, g.caller.organization_ids, path.partner_id, to_change=True)
        commands.deactivate(session, g.caller, partner)
        return ViewResponse(commands.load_body(session, partner))


@api.get(
    "/api/v1/affiliates",
    security=needs("partners:read"),
    responses={"200": views.AffiliatePage},
    openapi_extensions=csv_lists.documented(views.AffiliateBody),
)
def list_affiliates(query: requests.AffiliateQuery) -> Response:
    """Partners as affiliates, the name that other systems use, newest first."""
    return csv_lists.respond(
        query,
        views.AffiliateBody,
        _affiliates,
        views.load_affiliate_bodies,
        lambda _, page, data: views.AffiliatePage(
            data=list(data), page=query.page, limit=query.limit, has_more=page.has_more
        ),
    )


def _filter(query: requests.PartnerQuery) -> dict[str, Any]:
    """The query's conditions, as arguments of `listing`."""
    statuses = stored_of_partner_status(query.status) if query.status else None
    return {"statuses": statuses, "search": query.search, "added": query.span}


def _partners(session: Session, query: requests.PartnerQuery) -> Page[Partner]:
    return listing.list_partners(
        session,
        g.caller.organization_ids,
        limit=query.per_page,
        page=query.page,
        starting_after=query.starting_after,
        **_filter(query),
    )


def _affiliates(session: Session, query: requests.AffiliateQuery) -> Page[Partner]:
    return listing.list_partners(
        session,
        g.caller.organization_ids,
        limit=query.limit,
        page=query.page,
        starting_after=query.starting_after,
    )
