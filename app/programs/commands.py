"""Commands: create and change programs, each with its audit entry."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from app.organizations import actors, audit
from app.programs import programs
from app.programs.models import Program
from app.programs.terms import TERMS_FIELDS, terms_in_force
from app.programs.views import ProgramBody, program_body

AUDITED: Final = {"status", *TERMS_FIELDS, "platform_fee_bps", "multi_level_enabled", "auto_approve", "is_default"}
"""The fields whose new value the audit trail stores; of other changed fields it stores only the name."""


def create(session: Session, actor: actors.Actor, organization_id: UUID, settings: Mapping[str, Any]) -> ProgramBody:
    """Create a program with version 1 of its terms, and write the audit entry.

    Args:
        session: writes the program, its terms and the entry.
        actor: who creates it.
        organization_id: its owner.
        settings: arguments of `programs.create_program`. Without `is_default` it becomes the default if there is none.

    Raises:
        InvalidRequest: names the field.
        Conflict: `default_taken`.
    """
    program = programs.create_program(session, organization_id, **{"is_default": None, **settings})
    session.refresh(program)
    shown = load_body(session, program)
    details = {"status": shown.status, "commission": shown.commission, "terms_version": shown.terms_version}
    audit.add_entry(session, actor, "program.created", shown.id, details, organization_id=organization_id)
    return shown


def change(
    session: Session, actor: actors.Actor, program: Program, changes: Mapping[str, Any], *, has_partners: bool
) -> ProgramBody:
    """Change a program, and write the audit entry with what differs, unless nothing does. Returns the program.

    Raises:
        InvalidRequest: names the field.
        Conflict: as `programs.change_program`.
    """
    changed = programs.change_program(session, program, changes, has_partners=has_partners)
    shown = load_body(session, program)
    if changed:
        details = {"changed": changed, **shown.model_dump(include=AUDITED & set(changed))}
        audit.add_entry(session, actor, "program.updated", shown.id, details, organization_id=program.organization_id)
    return shown


def load_body(session: Session, program: Program) -> ProgramBody:
    """The program with its terms in force, as the API shows it."""
    return program_body(program, terms_in_force(session, program.id))
