"""Routes for conversions: listing them, and reporting conversions and refunds."""

from functools import partial

from flask import Response, g
from sqlalchemy.orm import Session

from app import ids
from app.commissions import queries, views
from app.commissions.reported import conversions, refunds
from app.commissions.reported import views as reported
from app.commissions.reported.conversions import Reported
from app.errors import Conflict
from app.http import causes, csv_lists
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.paging import Page
from app.partners.models import Partner
from app.programs.models import Program
from app.programs.programs import get_program
from app.rest.ledger import requests

api = surface("Conversions", __name__, "What counts for a program: payments from Stripe, and conversions you report.")


@api.get(
    "/api/v1/conversions",
    security=needs("conversions:read"),
    responses={"200": views.ConversionPage, "404": ErrorBody},
    openapi_extensions=csv_lists.documented(views.ConversionBody),
)
def list_conversions(query: requests.ConversionQuery) -> Response:
    """Payments that earn a commission, newest first."""
    return _list(query, program=None)


@api.get(
    "/v1/admin/affiliate/programs/<program_id>/conversions",
    security=needs("conversions:read"),
    responses={"200": views.ConversionPage, "404": ErrorBody},
    openapi_extensions=csv_lists.documented(views.ConversionBody),
)
def list_conversions_of_program(path: requests.ProgramPath, query: requests.ConversionQuery) -> Response:
    """Payments that earn an affiliate of the program a commission, newest first."""
    return _list(query, program=path.program_id)


@api.post(
    "/api/v1/conversions",
    security=needs("conversions:write"),
    responses={"201": reported.ReportedBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def report_conversion(body: requests.ConversionReport) -> Response:
    """Report money that did not pass through Stripe; each `external_id` is accepted once."""
    with access.transaction(g.caller) as session:
        program_id = None if body.program_id is None else _program(session, body.program_id).id
        partner = queries.get_affiliate(session, g.caller.organization_ids, body.affiliate_id, program_id=program_id)
        report = _report(session, partner, body)
        if not report.is_new:
            former = ids.encode(ids.CONVERSION, report.conversion.id)
            raise Conflict(
                f"external_id {body.external_id!r} was reported before, as {former}",
                code="duplicate_external_id",
                param="external_id",
            )
        shown = views.load_conversion_body(session, report.conversion)
    return ViewResponse(reported.ReportedBody(id=shown.id, commission_cents=shown.commission_cents), status=201)


@api.post(
    "/v1/admin/affiliate/programs/<program_id>/conversions",
    security=needs("conversions:write"),
    responses={"200": views.ConversionBody, "201": views.ConversionBody, "404": ErrorBody, "415": ErrorBody},
)
def report_conversion_of_program(path: requests.ProgramPath, body: requests.ProgramReport) -> Response:
    """Report a conversion of a program; a repetition answers 200 with the first conversion."""
    with access.transaction(g.caller) as session:
        program = _program(session, path.program_id)
        partner = queries.get_affiliate(session, g.caller.organization_ids, body.affiliate_id, program_id=program.id)
        report = _report(session, partner, body)
        shown = views.load_conversion_body(session, report.conversion)
    return ViewResponse(shown, status=201 if report.is_new else 200)


@api.post(
    "/api/v1/conversions/<conversion_id>/refunds",
    security=needs("conversions:write"),
    responses={
        "200": reported.RefundBody,
        "201": reported.RefundBody,
        "404": ErrorBody,
        "409": ErrorBody,
        "415": ErrorBody,
    },
)
def report_refund(path: requests.AnyConversionPath, body: requests.RefundReport) -> Response:
    """Report money given back outside Stripe; the same share of the commission is taken back."""
    with access.transaction(g.caller) as session:
        conversion = queries.get_conversion(session, g.caller.organization_ids, path.conversion_id)
        refund = refunds.give_back(
            session,
            g.caller,
            conversion,
            amount_minor=body.amount_cents,
            external_id=body.external_id,
            by=causes.this_request(),
        )
        shown = reported.load_refund_body(session, refund, conversion)
    return ViewResponse(shown, status=201 if refund.is_new else 200)


def _list(query: requests.ConversionQuery, *, program: str | None) -> Response:
    return csv_lists.respond(
        query,
        views.ConversionBody,
        partial(_conversions, program=program),
        lambda _, rows: [views.conversion_body(*row) for row in rows],
        lambda _, page, bodies: views.ConversionPage(
            data=list(bodies), page=query.page, limit=query.limit, has_more=page.has_more
        ),
    )


def _conversions(
    session: Session, query: requests.ConversionQuery, *, program: str | None
) -> Page[queries.ConversionRow]:
    program_id = None if program is None else _program(session, program).id
    partner = None
    if query.affiliate_id is not None:
        partner = queries.get_affiliate(session, g.caller.organization_ids, query.affiliate_id)
    selected = queries.ListQuery(
        limit=query.limit,
        livemode=g.caller.livemode,
        page=query.page,
        starting_after=query.starting_after,
        status=views.COMMISSION_STATUS[query.status] if query.status else None,
        partner=partner,
        program_id=program_id,
        paid=query.span,
    )
    return queries.list_conversions(session, g.caller.organization_ids, selected)


def _program(session: Session, program_id: str) -> Program:
    return get_program(session, g.caller.organization_ids, program_id, default_of=g.caller.organization_id)


def _report(session: Session, partner: Partner, body: requests.ConversionReport | requests.ProgramReport) -> Reported:
    return conversions.report(
        session,
        g.caller,
        partner,
        requests.report_of(body),
        by=causes.this_request(),
        livemode=g.caller.livemode,
    )
