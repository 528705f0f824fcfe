"""Commands: change a program's brand, and set and remove its logo, each with its audit entry."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids
from app.branding import logos, texts
from app.branding.colors import valid_color
from app.branding.models import ProgramBrand, ProgramLogo
from app.errors import InvalidRequest
from app.organizations import actors, audit
from app.programs.models import Program
from app.texts import require_address, require_line

NAME_LENGTH: Final = 80
FIELDS: Final = ("name", "color", "support_email", *texts.PLACEHOLDERS)
"""What `change` takes."""


def change(session: Session, actor: actors.Actor, program: Program, changes: Mapping[str, str | None]) -> list[str]:
    """Change fields of a program's brand; returns the names of those that differ, sorted.

    Args:
        session: locks the brand, writes it and the audit entry, which has names of fields only.
        actor: who changes it.
        program: a program of the caller's.
        changes: values by names of `FIELDS`; None or blank text empties a field.

    Raises:
        InvalidRequest: names the field.
    """
    valid = {field: _valid(field, value) for field, value in changes.items()}
    brand = _locked(session, program)
    changed = sorted(field for field, value in valid.items() if getattr(brand, field) != value)
    for field in changed:
        setattr(brand, field, valid[field])
    _require_support_address(brand)
    if changed:
        _finish(session, actor, program, brand, changed)
    return changed


def set_logo(session: Session, actor: actors.Actor, program: Program, content: bytes) -> None:
    """Make an uploaded picture the program's logo, encoded again, and write the audit entry.

    Raises:
        TooLarge, InvalidRequest: as `logos.encode`.
    """
    encoded = logos.encode(content)
    brand = _locked(session, program)
    values: dict[str, Any] = {
        "media_type": encoded.media_type,
        "width": encoded.width,
        "height": encoded.height,
        "content": encoded.content,
    }
    owned = {"program_id": program.id, "organization_id": program.organization_id}
    stored = insert(ProgramLogo).values(**owned, **values)
    session.execute(stored.on_conflict_do_update(index_elements=[ProgramLogo.program_id], set_=values))
    _finish(session, actor, program, brand, ["logo"])


def remove_logo(session: Session, actor: actors.Actor, program: Program) -> None:
    """Remove the program's logo, with an audit entry, if it has one."""
    brand = _locked(session, program)
    removal = delete(ProgramLogo).where(ProgramLogo.program_id == program.id).returning(ProgramLogo.program_id)
    if session.execute(removal).first() is not None:
        _finish(session, actor, program, brand, ["logo"])


def _valid(field: str, value: str | None) -> str | None:
    """The value as it is stored; None if it is blank. Raises InvalidRequest."""
    if value is None or not value.strip():
        return None
    if field in texts.PLACEHOLDERS:
        return texts.valid_text(value, param=field)
    if field == "color":
        return valid_color(value)
    if field == "support_email":
        return require_address(value, param=field)
    name = require_line(value, param=field).strip()
    if len(name) > NAME_LENGTH:
        raise InvalidRequest(f"{field} has {len(name)} characters; give at most {NAME_LENGTH}", param=field)
    return name


def _require_support_address(brand: ProgramBrand) -> None:
    """Refuse a text that names the support address while there is none. Raises InvalidRequest."""
    for field in texts.PLACEHOLDERS:
        if brand.support_email is None and texts.SUPPORT in (getattr(brand, field) or ""):
            message = f"{field} has {texts.SUPPORT}, but there is no support address; give one, or change the text"
            raise InvalidRequest(message, param=field)


def _locked(session: Session, program: Program) -> ProgramBrand:
    """The program's brand, locked; made if it has none."""
    made = insert(ProgramBrand).values(program_id=program.id, organization_id=program.organization_id, version=0)
    session.execute(made.on_conflict_do_nothing())
    return session.get_one(ProgramBrand, program.id, with_for_update=True, populate_existing=True)


def _finish(session: Session, actor: actors.Actor, program: Program, brand: ProgramBrand, changed: list[str]) -> None:
    """Make the next version, which is in the addresses of the brand's files, and write the audit entry."""
    brand.version += 1
    brand.updated_at = datetime.now(UTC)
    session.flush()
    subject_id, owner = ids.encode(ids.PROGRAM, program.id), program.organization_id
    audit.add_entry(session, actor, "program.branding_changed", subject_id, {"changed": changed}, organization_id=owner)
