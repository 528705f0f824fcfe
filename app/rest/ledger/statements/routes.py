"""Routes for statements of partners, for the owner of their program."""

from flask import Response, g

from app.http.errors import ErrorBody
from app.http.statements import DOCUMENTED, respond
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.partners.queries.listing import get_partner
from app.programs.models import Program
from app.rest.ledger.statements import requests
from app.statements import queries, views
from app.statements.documents import load_heading

api = surface("Statements", __name__, "What a partner earned and received, month by month; a closed one never changes.")


@api.get(
    "/api/v1/partners/<partner_id>/statements",
    security=needs("commissions:read"),
    responses={"200": views.StatementPage, "404": ErrorBody},
)
def list_statements(path: requests.PartnerPath, query: requests.StatementQuery) -> Response:
    """A partner's closed statements, newest first, and the running month as a preview."""
    caller = g.caller
    with access.transaction(caller) as session:
        partner = get_partner(session, caller.organization_ids, path.partner_id)
        page = queries.list_statements(
            session,
            [partner.id],
            livemode=caller.livemode,
            limit=query.limit,
            month=queries.month_of(query.month) if query.month else None,
            starting_after=query.starting_after,
        )
        previews = queries.load_previews(session, partner, livemode=caller.livemode)
        return ViewResponse(views.statement_page(page, previews))


@api.get(
    "/api/v1/partners/<partner_id>/statements/preview",
    security=needs("commissions:read"),
    responses={"200": views.StatementBody, "404": ErrorBody},
    openapi_extensions=DOCUMENTED,
)
def preview_statement(path: requests.PartnerPath, query: requests.PreviewQuery) -> Response:
    """The running month of a partner in one currency, with every entry so far."""
    caller = g.caller
    with access.transaction(caller) as session:
        partner = get_partner(session, caller.organization_ids, path.partner_id)
        currency = query.currency or session.get_one(Program, partner.program_id).currency
        statement, lines = queries.get_preview(session, partner, currency, livemode=caller.livemode)
        shown = views.body(statement, lines, for_owner=True, is_preview=True)
        return respond(shown, load_heading(session, statement))


@api.get(
    "/api/v1/statements/<statement_id>",
    security=needs("commissions:read"),
    responses={"200": views.StatementBody, "404": ErrorBody},
    openapi_extensions=DOCUMENTED,
)
def show_statement(path: requests.StatementPath) -> Response:
    """A closed statement with every entry and its reason."""
    with access.transaction(g.caller) as session:
        statement = queries.get_statement(session, path.statement_id, g.caller.organization_ids)
        shown = views.body(statement, queries.load_lines(session, statement), for_owner=True)
        return respond(shown, load_heading(session, statement))
