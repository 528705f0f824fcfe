"""Commands: change a program's application form, and publish a version of its partner agreement, with audit entries."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids
from app.errors import InvalidRequest
from app.organizations import actors, audit
from app.programs.applying.fields import FormField, refuse_repeated
from app.programs.applying.models import Agreement, ApplicationForm
from app.programs.applying.queries import load_fields, newest_agreement
from app.programs.models import Program
from app.texts import require_text

LONGEST: Final = 100_000
"""Characters of an agreement."""


def set_form(session: Session, actor: actors.Actor, program: Program, fields: Sequence[FormField]) -> None:
    """Ask these fields of everyone who applies from now on. Answers that were given stay as they are.

    Raises:
        InvalidRequest: two fields have one name.
    """
    refuse_repeated(fields)
    if list(fields) == load_fields(session, program.id):
        return
    values = {"fields": [field.model_dump() for field in fields], "updated_at": datetime.now(UTC)}
    owned = {"program_id": program.id, "organization_id": program.organization_id}
    stored = insert(ApplicationForm).values(**owned, **values)
    session.execute(stored.on_conflict_do_update(index_elements=[ApplicationForm.program_id], set_=values))
    details = {"fields": [field.name for field in fields]}
    _add_entry(session, actor, "program.application_form_changed", program, details)


def publish(session: Session, actor: actors.Actor, program: Program, text: str) -> Agreement:
    """Append a version of the partner agreement; who applies accepts it, and partners are asked to in the portal.

    The text of the present version makes no new one. Returns the version in force.

    Raises:
        InvalidRequest: the text is blank, too long, or has control characters.
    """
    valid = _valid(text)
    # Locked, because two versions that are published at the same time would have one number. Sign-ups need not wait.
    session.refresh(program, with_for_update={"key_share": True})
    present = newest_agreement(session, program.id)
    if present is not None and present.text == valid:
        return present
    counted = select(func.coalesce(func.max(Agreement.version), 0)).where(Agreement.program_id == program.id)
    agreement = Agreement(
        program_id=program.id,
        version=session.scalars(counted).one() + 1,
        organization_id=program.organization_id,
        text=valid,
    )
    session.add(agreement)
    session.flush()
    session.refresh(agreement)
    _add_entry(session, actor, "program.agreement_published", program, {"version": agreement.version})
    return agreement


def _valid(sent: str) -> str:
    text = require_text(sent, param="text")
    if not text:
        raise InvalidRequest("text is blank; give the agreement as plain text", param="text")
    if len(text) > LONGEST:
        raise InvalidRequest(f"text has {len(text):,} characters; give at most {LONGEST:,}", param="text")
    return text


def _add_entry(
    session: Session, actor: actors.Actor, action: str, program: Program, details: Mapping[str, object]
) -> None:
    subject_id = ids.encode(ids.PROGRAM, program.id)
    audit.add_entry(session, actor, action, subject_id, details, organization_id=program.organization_id)
