"""Routes for how a program looks to its partners: name, colour, support address, texts, and a logo."""

from typing import Any, Final

from flask import Response, g
from sqlalchemy.orm import Session

from app.branding import commands, files
from app.branding import views as shapes
from app.branding.brand import EXTENSIONS
from app.http import configured
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.programs.models import Program
from app.programs.programs import get_program
from app.rest.programs.branding_requests import BrandingChange, LogoForm
from app.rest.programs.requests import ProgramPath

api = surface("Branding", __name__, "How a program looks to its partners.")

BYTES: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary", "example": ""}}
FILE: Final[dict[Any, Any]] = {
    "200": {"description": "The logo.", "content": dict.fromkeys(EXTENSIONS, BYTES)},
    "404": ErrorBody,
}
LOGO: Final = "/api/v1/programs/<program_id>/branding/logo"


@api.get(
    "/api/v1/programs/<program_id>/branding",
    security=needs("programs:read"),
    responses={"200": shapes.BrandingBody, "404": ErrorBody},
)
def show_branding(path: ProgramPath) -> Response:
    """What is set of a program's brand, and the placeholders that its texts may have."""
    with access.transaction(g.caller) as session:
        return _answer(session, _program(session, path))


@api.patch(
    "/api/v1/programs/<program_id>/branding",
    security=needs("programs:write"),
    responses={"200": shapes.BrandingBody, "404": ErrorBody, "415": ErrorBody},
)
def change_branding(path: ProgramPath, body: BrandingChange) -> Response:
    """Change the given fields; null empties a field."""
    with access.transaction(g.caller) as session:
        program = _program(session, path)
        commands.change(session, g.caller, program, body.model_dump(include=body.model_fields_set))
        return _answer(session, program)


@api.get(LOGO, security=needs("programs:read"), responses=FILE)
def download_logo(path: ProgramPath) -> Response:
    """The logo as it is shown. Its public address is in the brand."""
    with access.transaction(g.caller) as session:
        program = _program(session, path)
        file = files.load_logo(session, program.id)
    return Response(file.content, content_type=file.media_type)


@api.put(
    LOGO,
    security=needs("programs:write"),
    responses={"200": shapes.BrandingBody, "404": ErrorBody, "413": ErrorBody, "415": ErrorBody},
)
def set_logo(path: ProgramPath, form: LogoForm) -> Response:
    """Set the logo: PNG or JPEG, at most 1 MB and 4 million pixels. It is encoded again, without its metadata."""
    content = form.file.read()
    with access.transaction(g.caller) as session:
        program = _program(session, path)
        commands.set_logo(session, g.caller, program, content)
        return _answer(session, program)


@api.delete(LOGO, security=needs("programs:write"), responses={"200": shapes.BrandingBody, "404": ErrorBody})
def remove_logo(path: ProgramPath) -> Response:
    """Remove the logo; pages and mails show the name again."""
    with access.transaction(g.caller) as session:
        program = _program(session, path)
        commands.remove_logo(session, g.caller, program)
        return _answer(session, program)


def _program(session: Session, path: ProgramPath) -> Program:
    caller = g.caller
    return get_program(session, caller.organization_ids, path.program_id, default_of=caller.organization_id)


def _answer(session: Session, program: Program) -> Response:
    return ViewResponse(shapes.load_body(session, program, configured.settings().public_url))
