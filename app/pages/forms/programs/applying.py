"""What people are asked who apply to a program: the rows of its form, and its partner agreement."""

from typing import Annotated, Final

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field, ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import refusals
from app.pages import layout, signed_in
from app.pages.console.frame import blueprint, sent
from app.pages.console.programs import find
from app.pages.signed_in import SignedIn
from app.programs import commands as programs
from app.programs.applying import commands, views
from app.programs.applying.fields import FIELDS, MOST_FIELDS, FormField, made_name
from app.views import Request

EMPTY_ROWS: Final = 2
"""Rows for more fields, below those that the form has."""


class AgreementText(Request):
    """A version of the agreement; twice as long as the command takes, because a browser sends longer line breaks."""

    text: Annotated[str, Field(max_length=2 * commands.LONGEST)] = ""


@blueprint.get("/programs/<program_id>/application")
@signed_in.page("programs:read")
def application(session: Session, who: SignedIn, program_id: str) -> Response:
    """What people are asked and every version of the agreement; for those who may, the forms that change both."""
    program = find(session, who, program_id)
    shown = views.load_form(session, program)
    rows = _sent_rows() if "name.0" in request.form else [_row(field) for field in shown.fields]
    blank = [_row(None)] * min(EMPTY_ROWS, MOST_FIELDS - len(rows))
    return layout.render(
        "console/programs/application.html",
        who,
        program=programs.load_body(session, program),
        shown=shown,
        rows=[*rows, *blank],
        versions=views.load_versions(session, program).versions,
    )


@blueprint.post("/programs/<program_id>/application")
@signed_in.form("programs:write", shown_on=application)
def change_application_form(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Replace the fields by the rows that have a question."""
    rows = [row for row in _sent_rows() if row["label"].strip()]
    commands.set_form(session, who.caller, find(session, who, program_id), _fields(rows))
    return layout.flash(_to_application(program_id), "application_form_changed")


@blueprint.post("/programs/<program_id>/agreement")
@signed_in.form("programs:write", shown_on=application)
def publish_agreement(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Publish a version of the agreement."""
    agreement = commands.publish(session, who.caller, find(session, who, program_id), sent(AgreementText).text)
    return layout.flash(_to_application(program_id), "agreement_published", version=agreement.version)


def _row(field: FormField | None) -> dict[str, str]:
    """A field as the values of its row."""
    if field is None:
        return {"name": "", "label": "", "type": "short_text", "required": "", "options": ""}
    required = "true" if field.required else ""
    options = "\n".join(field.options)
    return {"name": field.name, "label": field.label, "type": field.type, "required": required, "options": options}


def _sent_rows() -> list[dict[str, str]]:
    """The rows as they were sent, in their order."""
    names = _row(None)
    return [
        {name: request.form.get(f"{name}.{number}", "") for name in names}
        for number in range(MOST_FIELDS)
        if f"label.{number}" in request.form
    ]


def _fields(rows: list[dict[str, str]]) -> list[FormField]:
    """The rows as fields; a new one is named after its question. Raises InvalidRequest."""
    taken = {row["name"] for row in rows}
    fields = []
    for row in rows:
        name = row["name"] or made_name(row["label"], taken)
        taken.add(name)
        options = [line.strip() for line in row["options"].splitlines() if line.strip()]
        field = {"name": name, "label": row["label"].strip(), "type": row["type"], "required": bool(row["required"])}
        fields.append({**field, "options": options})
    try:
        return FIELDS.validate_python(fields)
    except ValidationError as invalid:
        raise refusals.of_invalid(invalid, sent=fields) from None


def _to_application(program_id: str) -> AnyResponse:
    return redirect(url_for("console.application", program_id=program_id), 303)
