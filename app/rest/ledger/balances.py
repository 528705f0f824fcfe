"""Routes for balances at any time, for the owner of a program."""

from functools import partial
from uuid import UUID

from flask import Response, g
from sqlalchemy.orm import Session

from app.http import csv_lists
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.paging import Page
from app.partners.figures import past_balances
from app.partners.queries import listing
from app.rest.ledger import requests
from app.rest.programs.requests import ProgramPath

api = surface("Balances", __name__, "What partners had at any time, by what was recorded until then.")


@api.get(
    "/api/v1/partners/<partner_id>/balance",
    security=needs("commissions:read"),
    responses={"200": past_balances.PastBalances, "404": ErrorBody},
)
def show_balance(path: requests.PartnerPath, query: requests.BalanceQuery) -> Response:
    """A partner's balance by currency: now, or as recorded at a time. An answer for a time never changes."""
    begin = partial(access.transaction, g.caller)
    return ViewResponse(past_balances.load_of_partner(begin, g.caller, path.partner_id, query.at))


@api.get(
    "/v1/admin/affiliate/programs/<program_id>/balances",
    security=needs("commissions:read"),
    responses={"200": past_balances.PastBalances, "404": ErrorBody},
    openapi_extensions=csv_lists.documented(past_balances.PastBalance),
)
def list_balances(path: ProgramPath, query: requests.BalanceQuery) -> Response:
    """The balances of all partners of a program: now, or as they were recorded at a time."""
    begin = partial(access.transaction, g.caller)
    if csv_lists.is_requested():
        program, before = past_balances.snapshot(begin, g.caller, path.program_id, query.at)

        def load(session: Session, asked: requests.BalancePage) -> Page[UUID]:
            return listing.list_ids(session, program.id, limit=asked.limit, starting_after=asked.starting_after)

        render = partial(past_balances.load_of_partners, program=program, before=before, livemode=g.caller.livemode)
        return csv_lists.stream(requests.BalancePage(), past_balances.PastBalance, load, render)
    return ViewResponse(past_balances.load_of_program(begin, g.caller, path.program_id, query.at))
