"""Routes for a program's partners, for its owner: invite, list, approve, pause, ban."""

from collections.abc import Sequence
from functools import partial

from flask import Response, g
from sqlalchemy.orm import Session

from app.http import causes, configured, csv_lists
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.paging import Page
from app.partners.joining import invitations
from app.partners.managing import commands, program_partners
from app.partners.managing import views as shapes
from app.partners.models import Partner
from app.payouts.showing.views import BannedAffiliate, banned_affiliate
from app.payouts.steps import bans
from app.programs.models import Program
from app.programs.programs import get_program
from app.rest.programs import requests
from app.rest.programs.requests import ProgramPath

api = surface("Program affiliates", __name__, "The partners of one program, as its owner manages them.")


@api.post(
    "/v1/admin/affiliate/programs/<program_id>/invite",
    security=needs("partners:write"),
    responses={"201": shapes.Invited, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def invite_affiliate(path: ProgramPath, body: requests.Invitation) -> Response:
    """Invite an e-mail address by a link, or enroll an organization that exists."""
    caller = g.caller
    with access.transaction(caller) as session:
        program = get_program(session, caller.organization_ids, path.program_id, default_of=caller.organization_id)
        invited = invitations.invite(
            session,
            caller,
            program,
            body.email,
            organization_id=body.organization_id,
            name=body.name,
            slug=body.slug,
        )
        shown = shapes.load_invited(session, invited, configured.settings().public_url)
        return ViewResponse(shown, status=201)


@api.get(
    "/v1/admin/affiliate/programs/<program_id>/affiliates",
    security=needs("partners:read"),
    responses={"200": shapes.ProgramAffiliatePage, "404": ErrorBody},
    openapi_extensions=csv_lists.documented(shapes.AffiliateWithTotals),
)
def list_affiliates_of_program(path: ProgramPath, query: requests.AffiliateQuery) -> Response:
    """The program's partners, newest first, with their totals for keys that may read commissions."""
    has_totals = g.caller.may("commissions:read")
    return csv_lists.respond(
        query,
        shapes.AffiliateWithTotals if has_totals else shapes.ProgramAffiliate,
        partial(_affiliates, program_id=path.program_id),
        _with_totals if has_totals else shapes.load_affiliates,
        lambda _, page, data: shapes.ProgramAffiliatePage(data=list(data), has_more=page.has_more),
    )


@api.post(
    "/v1/admin/affiliate/programs/<program_id>/affiliates/<affiliate_id>/approve",
    security=needs("partners:write"),
    responses={"200": shapes.ProgramAffiliate, "404": ErrorBody, "409": ErrorBody},
)
def approve_affiliate(path: requests.AffiliatePath) -> Response:
    """Approve a partner: a new one at the program's present terms, a former one at the terms it had."""
    return _move(path, "approve")


@api.post(
    "/v1/admin/affiliate/programs/<program_id>/affiliates/<affiliate_id>/reject",
    security=needs("partners:write"),
    responses={"200": shapes.ProgramAffiliate, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def reject_affiliate(path: requests.AffiliatePath, body: requests.ApplicationRejection) -> Response:
    """Reject the application of a partner that waits for approval; the partner can read the reason."""
    with access.transaction(g.caller) as session:
        partner = _partner(session, path)
        commands.reject(session, g.caller, partner, body.reason.strip())
        return ViewResponse(shapes.load_affiliate(session, partner))


@api.post(
    "/v1/admin/affiliate/programs/<program_id>/affiliates/<affiliate_id>/pause",
    security=needs("partners:write"),
    responses={"200": shapes.ProgramAffiliate, "404": ErrorBody, "409": ErrorBody},
)
def pause_affiliate(path: requests.AffiliatePath) -> Response:
    """Pause a partner: it earns nothing on new payments until it is approved again."""
    return _move(path, "pause")


@api.post(
    "/v1/admin/affiliate/programs/<program_id>/affiliates/<affiliate_id>/ban",
    security=needs("partners:write"),
    responses={"200": BannedAffiliate, "404": ErrorBody, "409": ErrorBody},
)
def ban_affiliate(path: requests.AffiliatePath) -> Response:
    """Ban a partner: it earns nothing on new payments, its pending payouts are canceled, and it has no access."""
    caller = g.caller
    with access.transaction(caller) as session:
        program = get_program(session, caller.organization_ids, path.program_id, default_of=caller.organization_id)
        partner = program_partners.find_partner(session, program, path.affiliate_id, to_change=False)
        done = bans.ban(session, caller, partner, causes.this_request(), livemode=caller.livemode)
        shown = shapes.load_affiliate(session, partner)
        return ViewResponse(banned_affiliate(shown, done, is_shown=caller.may("payouts:read")))


def _move(path: requests.AffiliatePath, move: program_partners.Move) -> Response:
    with access.transaction(g.caller) as session:
        partner = _partner(session, path)
        commands.move(session, g.caller, partner, move)
        return ViewResponse(shapes.load_affiliate(session, partner))


def _partner(session: Session, path: requests.AffiliatePath) -> Partner:
    """The partner, locked."""
    caller = g.caller
    program = get_program(session, caller.organization_ids, path.program_id, default_of=caller.organization_id)
    return program_partners.find_partner(session, program, path.affiliate_id)


def _affiliates(session: Session, query: requests.AffiliateQuery, *, program_id: str) -> Page[Partner]:
    caller = g.caller
    program = get_program(session, caller.organization_ids, program_id, default_of=caller.organization_id)
    return program_partners.list_partners(
        session, program, limit=query.limit, starting_after=query.starting_after, status=query.status
    )


def _with_totals(session: Session, partners: Sequence[Partner]) -> Sequence[shapes.ProgramAffiliate]:
    if not partners:
        return []
    program = session.get_one(Program, partners[0].program_id)
    return shapes.load_with_totals(session, program, partners, livemode=g.caller.livemode)
