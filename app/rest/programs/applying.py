"""Routes for what a program asks people who apply: the fields of its form, and its partner agreement."""

from flask import Response, g
from sqlalchemy.orm import Session

from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.programs.applying import commands
from app.programs.applying import views as shapes
from app.programs.models import Program
from app.programs.programs import get_program
from app.rest.programs.applying_requests import FormChange, NewAgreement
from app.rest.programs.requests import ProgramPath

api = surface("Applications", __name__, "What people are asked who apply, and what partners agree to.")


@api.get(
    "/api/v1/programs/<program_id>/application-form",
    security=needs("programs:read"),
    responses={"200": shapes.ApplicationFormBody, "404": ErrorBody},
)
def show_application_form(path: ProgramPath) -> Response:
    """The fields that people fill in when they apply, besides name and address."""
    with access.transaction(g.caller) as session:
        return ViewResponse(shapes.load_form(session, _program(session, path)))


@api.put(
    "/api/v1/programs/<program_id>/application-form",
    security=needs("programs:write"),
    responses={"200": shapes.ApplicationFormBody, "404": ErrorBody, "415": ErrorBody},
)
def set_application_form(path: ProgramPath, body: FormChange) -> Response:
    """Replace the fields. Answers that were given keep the questions that they answer."""
    with access.transaction(g.caller) as session:
        program = _program(session, path)
        commands.set_form(session, g.caller, program, body.fields)
        return ViewResponse(shapes.load_form(session, program))


@api.get(
    "/api/v1/programs/<program_id>/agreements",
    security=needs("programs:read"),
    responses={"200": shapes.AgreementVersions, "404": ErrorBody},
)
def list_agreements(path: ProgramPath) -> Response:
    """Every version of the partner agreement; the first one is in force."""
    with access.transaction(g.caller) as session:
        return ViewResponse(shapes.load_versions(session, _program(session, path)))


@api.post(
    "/api/v1/programs/<program_id>/agreements",
    security=needs("programs:write"),
    responses={"201": shapes.AgreementBody, "404": ErrorBody, "415": ErrorBody},
)
def publish_agreement(path: ProgramPath, body: NewAgreement) -> Response:
    """Publish a version of the partner agreement. The text in force again makes no new one."""
    with access.transaction(g.caller) as session:
        agreement = commands.publish(session, g.caller, _program(session, path), body.text)
        return ViewResponse(shapes.agreement_body(agreement), status=201)


def _program(session: Session, path: ProgramPath) -> Program:
    caller = g.caller
    return get_program(session, caller.organization_ids, path.program_id, default_of=caller.organization_id)
