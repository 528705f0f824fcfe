"""Erases people from mails: those to them are deleted, and what a person who is deleted had switched off."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from app import bulk
from app.mail_queue.models import Mail, MailPreference
from app.tombstones.subjects import Subject

_NAMING: Final = text("""
    SELECT id, details FROM mails
    WHERE organization_id = :organization_id AND :pattern <> '' AND CAST(details AS text) ~* :pattern
    ORDER BY id
""")


def erase(session: Session, subject: Subject) -> Mapping[str, int]:
    """Delete the mails to the subject's partners, and take its names out of others; returns how many there were."""
    deleted = session.scalars(delete(Mail).where(Mail.partner_id.in_(subject.partner_ids)).returning(Mail.id)).all()
    values = {"organization_id": subject.organization_id, "pattern": subject.text_pattern}
    rows = session.execute(_NAMING, values).all()
    bulk.update(session, Mail, [{"id": row.id, "details": _without(subject, row.details)} for row in rows], key=("id",))
    return {"mails": len(deleted) + len(rows)}


def delete_of_people(session: Session, person_ids: Collection[UUID]) -> None:
    """Delete the mails to these people, who are deleted, and what they had switched off."""
    session.execute(delete(Mail).where(Mail.person_id.in_(person_ids)))
    session.execute(delete(MailPreference).where(MailPreference.person_id.in_(person_ids)))


def delete_logins(session: Session, *, before: datetime) -> None:
    """Delete mails with sign-in links that were requested before a time."""
    of_people = (Mail.organization_id.is_(None), Mail.kind == "login")
    session.execute(delete(Mail).where(*of_people, Mail.created_at < before))


def _without(subject: Subject, details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: subject.without(value) for name, value in details.items()}
