"""Routes for a partner's own statements."""

from flask import Response, g

from app.http.errors import ErrorBody
from app.http.statements import DOCUMENTED, respond
from app.http.surfaces import PARTNER_SIDE, ViewResponse, needs, surface
from app.organizations import access
from app.rest.ledger.statements import requests
from app.statements import partner_side, queries, views

api = surface(PARTNER_SIDE, __name__, "The data of the partner whose organization owns the key.", "own_statements")


@api.get(
    "/v1/admin/affiliate-me/statements",
    security=needs("commissions:read"),
    responses={"200": views.StatementPage, "404": ErrorBody},
)
def list_my_statements(query: requests.MyStatementQuery) -> Response:
    """Your closed statements, newest first, and the running month as a preview."""
    with access.affiliate_transaction(g.caller) as session:
        page, previews = partner_side.load_page(
            session,
            g.caller,
            limit=query.limit,
            program_id=query.program_id,
            month=queries.month_of(query.month) if query.month else None,
            starting_after=query.starting_after,
        )
        return ViewResponse(views.statement_page(page, previews))


@api.get(
    "/v1/admin/affiliate-me/statements/preview",
    security=needs("commissions:read"),
    responses={"200": views.StatementBody, "404": ErrorBody},
    openapi_extensions=DOCUMENTED,
)
def preview_my_statement(query: requests.MyPreviewQuery) -> Response:
    """Your running month in a program and currency, with every entry so far."""
    with access.affiliate_transaction(g.caller) as session:
        statement, heading, lines = partner_side.load_own_preview(session, g.caller, query.program_id, query.currency)
        return respond(views.body(statement, lines, for_owner=False, is_preview=True), heading)


@api.get(
    "/v1/admin/affiliate-me/statements/<statement_id>",
    security=needs("commissions:read"),
    responses={"200": views.StatementBody, "404": ErrorBody},
    openapi_extensions=DOCUMENTED,
)
def show_my_statement(path: requests.StatementPath) -> Response:
    """One of your closed statements with every entry and its reason."""
    with access.affiliate_transaction(g.caller) as session:
        statement, heading, lines = partner_side.load_own(session, g.caller, path.statement_id)
        return respond(views.body(statement, lines, for_owner=False), heading)
