"""Routes for commissions, approvals and explanations."""

from functools import partial

from flask import Response, g
from sqlalchemy.orm import Session

from app.commissions import queries, views
from app.commissions.decisions import bulk_approval, commands
from app.commissions.decisions import views as bulk_views
from app.commissions.models import Conversion
from app.errors import NotFound
from app.explanations import events, explain
from app.explanations.events import EventExplanation
from app.explanations.explain import Explanation
from app.explanations.views import PaymentExplanation
from app.http import causes, csv_lists
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.paging import Page, Span
from app.partners.queries.listing import get_partner
from app.programs.programs import get_program
from app.rest.ledger import requests
from app.rest.stripe.requests import EventPath
from app.stripe_events.queries import get_event

api = surface("Commissions", __name__, "What each partner earns on a payment, and why.")


@api.post(
    "/v1/admin/affiliate/programs/<program_id>/conversions/<conversion_id>/approve",
    security=needs("conversions:write"),
    responses={"200": views.ConversionBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def approve_conversion(path: requests.ConversionPath, body: requests.Approval) -> Response:
    """Make a conversion's commissions payable now, on every level, also if it was rejected."""
    with access.transaction(g.caller) as session:
        shown = commands.approve(
            session,
            g.caller,
            _conversion(session, path),
            causes.this_request(),
            reason=body.reason,
            force=body.force,
        )
        return ViewResponse(shown)


@api.post(
    "/v1/admin/affiliate/programs/<program_id>/conversions/<conversion_id>/reject",
    security=needs("conversions:write"),
    responses={"200": views.ConversionBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def reject_conversion(path: requests.ConversionPath, body: requests.Rejection) -> Response:
    """Take back a conversion's commissions, on every level; only an approval revives them."""
    with access.transaction(g.caller) as session:
        conversion = _conversion(session, path)
        return ViewResponse(commands.reject(session, g.caller, conversion, causes.this_request(), reason=body.reason))


@api.post(
    "/api/v1/commissions/approve",
    security=needs("conversions:write"),
    responses={"200": bulk_views.BulkApproved, "404": ErrorBody, "415": ErrorBody},
)
def approve_commissions(body: requests.BulkApproval) -> Response:
    """Approve every conversion that waits for approval and matches, up to 500; with `dryRun` only list them."""
    with access.transaction(g.caller) as session:
        owners = g.caller.organization_ids
        program = None
        if body.program_id is not None:
            program = get_program(session, owners, body.program_id, default_of=g.caller.organization_id)
        partner = get_partner(session, owners, body.partner_id) if body.partner_id is not None else None
        selected = bulk_approval.ApprovalFilter(g.caller.livemode, partner, program, Span(body.since, body.until))
        approved = bulk_approval.approve_matching(
            session, g.caller, owners, selected, causes.this_request(), reason=body.reason, dry_run=body.dry_run
        )
        return ViewResponse(bulk_views.bulk_approved(approved, dry_run=body.dry_run))


@api.get(
    "/api/v1/commissions",
    security=needs("commissions:read"),
    responses={"200": views.CommissionPage},
    openapi_extensions=csv_lists.documented(views.CommissionBody),
)
@api.get(
    "/commissions",
    security=needs("commissions:read"),
    responses={"200": views.CommissionPage},
    openapi_extensions=csv_lists.documented(views.CommissionBody),
    endpoint="list_commissions_without_prefix",
)
def list_commissions(query: requests.CommissionQuery) -> Response:
    """Commissions, newest first. An affiliate's key sees what it earned itself."""
    if g.caller.kind == "affiliate":
        return own_commissions(query, partner_id=None)
    load = partial(_load_owned, partner_id=None)
    return csv_lists.respond(
        query,
        views.CommissionBody,
        load,
        views.commission_bodies,
        lambda _, page, bodies: views.CommissionPage(commissions=list(bodies), has_more=page.has_more),
    )


@api.get(
    "/api/v1/partners/<partner_id>/commissions",
    security=needs("commissions:read"),
    responses={"200": views.CommissionPage, "404": ErrorBody},
    openapi_extensions=csv_lists.documented(views.CommissionBody),
)
@api.get(
    "/partners/<partner_id>/commissions",
    security=needs("commissions:read"),
    responses={"200": views.CommissionPage, "404": ErrorBody},
    openapi_extensions=csv_lists.documented(views.CommissionBody),
    endpoint="list_commissions_of_partner_without_prefix",
)
def list_commissions_of_partner(path: requests.PartnerPath, query: requests.CommissionQuery) -> Response:
    """One partner's commissions, newest first; also for that partner's own key."""
    load = partial(_load_owned, partner_id=path.partner_id)
    try:
        return csv_lists.respond(
            query,
            views.CommissionBody,
            load,
            views.commission_bodies,
            lambda _, page, bodies: views.CommissionPage(commissions=list(bodies), has_more=page.has_more),
        )
    except NotFound:
        return own_commissions(query, path.partner_id)


@api.get(
    "/api/v1/commissions/<commission_id>/explanation",
    security=needs("commissions:read"),
    responses={"200": PaymentExplanation, "404": ErrorBody},
)
def explain_commission(path: requests.CommissionPath) -> Response:
    """The explanation of a commission: event, carrier, terms, base, rate, rounding, every ledger entry."""
    with access.transaction(g.caller) as session:
        return ViewResponse(explain.explain_commission(session, path.commission_id))


@api.get(
    "/api/v1/payments/<payment_id>/explanation",
    security=needs("payments:read"),
    responses={"200": PaymentExplanation, "404": ErrorBody},
)
def explain_payment(path: requests.PaymentPath) -> Response:
    """The explanation of a payment: what each partner earned, or why it earned nothing."""
    with access.transaction(g.caller) as session:
        return ViewResponse(explain.explain_payment(session, path.payment_id))


@api.get(
    "/api/v1/explanations",
    security=needs("commissions:read"),
    responses={"200": Explanation, "404": ErrorBody},
)
def explain_any_id(query: requests.ExplanationQuery) -> Response:
    """The explanation of any id: Accrual's, Stripe's, your own of a reported conversion, a partner's code or e-mail."""
    with access.transaction(g.caller) as session:
        return ViewResponse(explain.explanation_of(session, query.id))


@api.get(
    "/api/v1/events/<event_id>", security=needs("events:read"), responses={"200": EventExplanation, "404": ErrorBody}
)
def show_event(path: EventPath) -> Response:
    """An event explained: how it was processed, how it ended, and what it moved for keys that may read commissions."""
    with access.transaction(g.caller) as session:
        event = get_event(session, g.caller.organization_ids, path.event_id)
        return ViewResponse(events.explain_event(session, event, with_money=g.caller.may("commissions:read")))


def _conversion(session: Session, path: requests.ConversionPath) -> Conversion:
    return queries.get_conversion(session, g.caller.organization_ids, path.conversion_id, program_id=path.program_id)


def own_commissions(query: requests.CommissionQuery, partner_id: str | None) -> Response:
    """The list of the caller's own commissions, in all its enrollments or in that of `partner_id`."""
    load = partial(_load_own, partner_id=partner_id)
    opened = access.affiliate_transaction
    return csv_lists.respond(
        query,
        views.CommissionBody,
        load,
        views.own_commission_bodies,
        lambda _, page, bodies: views.CommissionPage(commissions=list(bodies), has_more=page.has_more),
        opened,
    )


def _load_own(session: Session, query: requests.CommissionQuery, *, partner_id: str | None) -> Page[queries.OwnRow]:
    selected = queries.ListQuery(
        query.limit, g.caller.livemode, starting_after=query.starting_after, status=query.status, paid=query.span
    )
    return queries.load_own_page(session, g.caller, selected, partner_id)


def _load_owned(
    session: Session, query: requests.CommissionQuery, *, partner_id: str | None
) -> Page[queries.CommissionRow]:
    selected = queries.ListQuery(
        query.limit,
        g.caller.livemode,
        starting_after=query.starting_after,
        status=query.status,
        partner=None if partner_id is None else get_partner(session, g.caller.organization_ids, partner_id),
        paid=Span(query.since, query.until),
    )
    return queries.list_commissions(session, g.caller.organization_ids, selected)
