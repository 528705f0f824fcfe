"""Which kinds of mails are switched off: by a merchant for its program or organization, and by a person for itself."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids
from app.errors import InvalidRequest
from app.immutable import immutable
from app.mail_queue.kinds import OF, changeable
from app.mail_queue.models import Mail, MailPreference, MailSettings
from app.organizations import audit
from app.organizations.actors import Actor
from app.sentences import catalogue


@immutable
class Switches:
    """What is set for mails of a program, or of an organization: a language, and the kinds that are not sent."""

    language: str | None = None
    switched_off: frozenset[str] = frozenset()


def load(session: Session, organization_id: UUID, program_id: UUID | None) -> Switches:
    """What is set for the mails to the partners of a program; without one, to the managers of the organization."""
    chosen = select(MailSettings).where(
        MailSettings.organization_id == organization_id, MailSettings.program_id.is_not_distinct_from(program_id)
    )
    row = session.scalar(chosen)
    return Switches() if row is None else Switches(row.language, frozenset(row.switched_off))


def of_mail(session: Session, mail: Mail) -> Switches:
    """What is set for the mails that this one is among."""
    if mail.organization_id is None:
        return Switches()
    is_to_partner = OF[mail.kind].audience == "partner"
    return load(session, mail.organization_id, mail.program_id if is_to_partner else None)


def change(
    session: Session,
    actor: Actor,
    organization_id: UUID,
    program_id: UUID | None,
    *,
    switched_off: Collection[str],
    language: str | None,
) -> None:
    """Set the language and the kinds that are not sent, with an audit entry. It applies to mails not sent yet.

    Args:
        program_id: a program of the organization: for mails to its partners; None: for mails to the managers.
        switched_off: all kinds that are not sent.
        language: for recipients who chose none; None: the language of the installation.

    Raises:
        InvalidRequest: a kind cannot be switched off here, or no catalogue has the language.
    """
    _require(switched_off, changeable(to_partners=program_id is not None))
    if language is not None:
        catalogue.named(language)
    row: dict[str, Any] = {"language": language, "switched_off": sorted(switched_off)}
    key = {"id": ids.new(), "organization_id": organization_id, "program_id": program_id}
    upsert = insert(MailSettings).values(**key, **row)
    session.execute(upsert.on_conflict_do_update(index_elements=["organization_id", "program_id"], set_=row))
    subject_id = (
        ids.encode(ids.ORGANIZATION, organization_id) if program_id is None else ids.encode(ids.PROGRAM, program_id)
    )
    audit.add_entry(session, actor, "mail_settings.updated", subject_id, row, organization_id=organization_id)


def of_person(session: Session, person_id: UUID) -> frozenset[str]:
    """The kinds that a person does not want, from any organization."""
    return frozenset(
        session.scalar(select(MailPreference.switched_off).where(MailPreference.person_id == person_id)) or ()
    )


def set_for_person(
    session: Session, actor: Actor, person_id: UUID, switched_off: Collection[str], *, organization_id: UUID
) -> None:
    """Let a person get all mails but those of these kinds from now on, with an audit entry.

    Args:
        session: not narrowed: a person may be in organizations that are not shown now.
        actor: the person who is signed in.
        person_id: the same person.
        switched_off: all kinds that the person does not want.
        organization_id: whose audit trail gets the entry.

    Raises:
        InvalidRequest: a kind cannot be switched off.
    """
    _require(switched_off, [*changeable(to_partners=True), *changeable(to_partners=False)])
    kinds = sorted(switched_off)
    upsert = insert(MailPreference).values(person_id=person_id, switched_off=kinds)
    session.execute(upsert.on_conflict_do_update(index_elements=["person_id"], set_={"switched_off": kinds}))
    subject_id = ids.encode(ids.PERSON, person_id)
    details = {"switched_off": kinds}
    audit.add_entry(session, actor, "person.mails_chosen", subject_id, details, organization_id=organization_id)


def _require(switched_off: Collection[str], known: Collection[str]) -> None:
    for name in switched_off:
        if name not in known:
            message = f"mails of the kind {name[:40]!r} cannot be switched off here; use some of: {', '.join(known)}"
            raise InvalidRequest(message, param="switched_off")
