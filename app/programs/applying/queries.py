"""Loading the application form of a program, and the versions of its partner agreement."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.programs.applying.fields import FIELDS, FormField
from app.programs.applying.models import Agreement, ApplicationForm


def load_fields(session: Session, program_id: UUID) -> list[FormField]:
    """The fields of the program's form, in their order; none if it asks nothing more than name and address."""
    row = session.scalar(select(ApplicationForm).where(ApplicationForm.program_id == program_id))
    return [] if row is None else FIELDS.validate_python(row.fields)


def newest_agreement(session: Session, program_id: UUID) -> Agreement | None:
    """The version of the partner agreement in force; None if the program has none."""
    return session.scalar(_versions(program_id).limit(1))


def load_agreements(session: Session, program_id: UUID) -> Sequence[Agreement]:
    """Every version, newest first."""
    return session.scalars(_versions(program_id)).all()


def _versions(program_id: UUID) -> Select[Agreement]:
    return select(Agreement).where(Agreement.program_id == program_id).order_by(Agreement.version.desc())
