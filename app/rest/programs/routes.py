"""Routes for programs, for their owners."""

from uuid import UUID

from flask import Response, g
from sqlalchemy.orm import Session

from app import ids
from app.commissions.elsewhere import cutoffs
from app.commissions.elsewhere import views as elsewhere_views
from app.errors import NotFound
from app.explanations.earnings import offers, previews
from app.http import causes
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.partners.managing import commands as managing
from app.partners.managing import program_terms
from app.programs import commands, programs
from app.programs import views as shapes
from app.programs.models import Program
from app.rest.programs import requests

api = surface("Programs", __name__, "A merchant's offers: their terms, partners and figures.")


@api.post(
    "/v1/admin/affiliate/programs",
    security=needs("programs:write"),
    responses={"201": shapes.ProgramBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def create_program(body: requests.ProgramCreation) -> Response:
    """Create a program; it pays once it is active."""
    with access.transaction(g.caller) as session:
        owner = _owner(body.owner_organization_id)
        shown = commands.create(session, g.caller, owner, requests.settings_from(body))
        return ViewResponse(shown, status=201)


@api.post(
    "/v1/admin/affiliate/programs/preview",
    security=needs("programs:write"),
    responses={"200": previews.OfferPreview, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def preview_program(body: requests.ProgramCreation) -> Response:
    """What a partner would earn in a program that is created so; creates nothing."""
    with access.transaction(g.caller) as session:
        owner = _owner(body.owner_organization_id)
        shown = previews.try_creation(session, g.caller, owner, requests.settings_from(body))
    return ViewResponse(previews.OfferPreview.of(offers.of_program(shown)))


@api.post(
    "/v1/admin/affiliate/programs/<program_id>/preview",
    security=needs("programs:write"),
    responses={"200": previews.OfferPreview, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def preview_program_change(path: requests.ProgramPath, body: requests.ProgramChange) -> Response:
    """What a partner would earn by the program's terms after a change; changes nothing."""
    with access.transaction(g.caller) as session:
        shown = previews.try_change(session, g.caller, _program(session, path), requests.settings_from(body))
    return ViewResponse(previews.OfferPreview.of(offers.of_program(shown)))


@api.get("/v1/admin/affiliate/programs", security=needs("programs:read"), responses={"200": shapes.ProgramPage})
def list_programs(query: requests.ProgramQuery) -> Response:
    """The programs of your organization and those below it, newest first."""
    with access.transaction(g.caller) as session:
        page = programs.list_programs(
            session, g.caller.organization_ids, limit=query.limit, starting_after=query.starting_after
        )
        data = shapes.load_program_bodies(session, page.rows)
        return ViewResponse(shapes.ProgramPage(data=data, has_more=page.has_more))


@api.get(
    "/v1/admin/affiliate/programs/<program_id>",
    security=needs("programs:read"),
    responses={"200": shapes.ProgramBody, "404": ErrorBody},
)
def show_program(path: requests.ProgramPath) -> Response:
    """A program with its present terms."""
    with access.transaction(g.caller) as session:
        return ViewResponse(commands.load_body(session, _program(session, path)))


@api.patch(
    "/v1/admin/affiliate/programs/<program_id>",
    security=needs("programs:write"),
    responses={"200": shapes.ProgramBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def change_program(path: requests.ProgramPath, body: requests.ProgramChange) -> Response:
    """Change the given fields. New terms apply to partners approved from now on and change nothing already earned."""
    with access.transaction(g.caller) as session:
        program = _program(session, path)
        shown = managing.change_program(session, g.caller, program, requests.settings_from(body))
        return ViewResponse(shown)


@api.put(
    "/v1/admin/affiliate/programs/<program_id>/cutoff",
    security=needs("payouts:write"),
    responses={"200": shapes.ProgramBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def set_cutoff(path: requests.ProgramPath, body: requests.Cutoff) -> Response:
    """Set from when on payments earn, in the key's mode. The differences of earlier payments are posted soon after."""
    with access.transaction(g.caller) as session:
        program, by = _program(session, path), causes.this_request()
        cutoffs.set_cutoff(session, g.caller, program, livemode=g.caller.livemode, cutoff_at=body.cutoff_at, cause=by)
        return ViewResponse(commands.load_body(session, program))


@api.post(
    "/v1/admin/affiliate/programs/<program_id>/cutoff/preview",
    security=needs("payouts:write"),
    responses={"200": elsewhere_views.CutoffPreview, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def preview_cutoff(path: requests.ProgramPath, body: requests.Cutoff) -> Response:
    """How many payments another cut-off would concern, in the key's mode; changes nothing."""
    with access.transaction(g.caller) as session:
        between = cutoffs.try_out(
            session,
            g.caller,
            _program(session, path),
            livemode=g.caller.livemode,
            cutoff_at=body.cutoff_at,
            cause=causes.this_request(),
        )
    return ViewResponse(elsewhere_views.cutoff_preview(body.cutoff_at, between))


@api.post(
    "/v1/admin/affiliate/programs/<program_id>/terms/apply",
    security=needs("partners:write"),
    responses={"200": program_terms.TermsGiven, "404": ErrorBody, "415": ErrorBody},
)
def apply_terms(path: requests.ProgramPath, body: requests.TermsGift) -> Response:
    """Give the program's present terms to partners that have earlier ones; those with their own commission keep it."""
    with access.transaction(g.caller) as session:
        given = program_terms.give_or_try(
            session,
            g.caller,
            _program(session, path),
            body.apply_to,
            effective_from=body.effective_from,
            dry_run=body.dry_run,
        )
        return ViewResponse(given)


def _program(session: Session, path: requests.ProgramPath) -> Program:
    caller = g.caller
    return programs.get_program(session, caller.organization_ids, path.program_id, default_of=caller.organization_id)


def _owner(public_id: str | None) -> UUID:
    """The organization a program is created for. Raises NotFound if the caller does not manage it."""
    if public_id is None:
        owner: UUID = g.caller.organization_id
        return owner
    organization_id = ids.decode(public_id, ids.ORGANIZATION)
    if organization_id is None or organization_id not in g.caller.organization_ids:
        raise NotFound.of("organization", public_id, param="owner_organization_id")
    return organization_id
