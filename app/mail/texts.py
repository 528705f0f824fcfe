"""Merchants' own subjects and texts of mails, by kind and language: named placeholders, no template language."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids, placeholders
from app.errors import InvalidRequest
from app.mail.models import MailText
from app.mail.rendering import Words
from app.mail_queue.kinds import OF, KindName, changeable
from app.organizations import audit
from app.organizations.actors import Actor
from app.sentences import catalogue
from app.texts import require_line

LONGEST_SUBJECT: Final = 150
LONGEST_TEXT: Final = 5_000


def load(session: Session, organization_id: UUID, program_id: UUID | None) -> Sequence[MailText]:
    """The own texts for a program's partners; without a program, for the organization's managers."""
    chosen = select(MailText).where(*_of(organization_id, program_id))
    return session.scalars(chosen.order_by(MailText.kind, MailText.language)).all()


def find(session: Session, organization_id: UUID, program_id: UUID | None, kind: str, language: str) -> MailText | None:
    """The own text of a kind in a language; None if there is none."""
    chosen = select(MailText).where(
        *_of(organization_id, program_id), MailText.kind == kind, MailText.language == language
    )
    return session.scalar(chosen)


def present(kind: str, language: str, own: MailText | None) -> Words:
    """The words of a kind with their placeholders: the merchant's own, else Accrual's."""
    if own is not None:
        return Words(own.subject, own.text)
    words = catalogue.named(language)
    return Words(words.template(f"mail.{kind}.subject"), words.template(f"mail.{kind}.text"))


def change(
    session: Session,
    actor: Actor,
    organization_id: UUID,
    program_id: UUID | None,
    kind: str,
    language: str,
    *,
    subject: str,
    text: str,
) -> None:
    """Set an own subject and text for a kind of mail in a language, with an audit entry.

    Args:
        program_id: a program of the organization: for mails to its partners; None: for mails to the managers.
        subject: one line; both may have the placeholders of the kind, such as `{partner_name}`.
        text: paragraphs are divided by an empty line.

    Raises:
        InvalidRequest: the kind or language is unknown, a placeholder is, or a text is empty or too long.
    """
    known = OF[_require_kind(kind, program_id)].placeholders
    catalogue.named(language)
    row = {"subject": require_line(subject, param="subject").strip(), "text": _lines(text)}
    for param, longest in (("subject", LONGEST_SUBJECT), ("text", LONGEST_TEXT)):
        if not row[param]:
            raise InvalidRequest(f"{param} is empty; write one, or remove your own text", param=param)
        if len(row[param]) > longest:
            raise InvalidRequest(f"{param} has {len(row[param])} characters; use at most {longest}", param=param)
        placeholders.require_known(row[param], known, param=param)
    key = {"organization_id": organization_id, "program_id": program_id, "kind": kind, "language": language}
    upsert = insert(MailText).values(id=ids.new(), **key, **row)
    session.execute(upsert.on_conflict_do_update(index_elements=list(key), set_=row))
    _add_entry(session, actor, "mail_text.updated", organization_id, program_id, kind, language)


def remove(
    session: Session, actor: Actor, organization_id: UUID, program_id: UUID | None, kind: str, language: str
) -> None:
    """Return to Accrual's text of a kind of mail in a language, with an audit entry if there was an own one."""
    _require_kind(kind, program_id)
    gone = delete(MailText).where(
        *_of(organization_id, program_id), MailText.kind == kind, MailText.language == language
    )
    if session.scalar(gone.returning(MailText.id)) is not None:
        _add_entry(session, actor, "mail_text.removed", organization_id, program_id, kind, language)


def _require_kind(kind: str, program_id: UUID | None) -> KindName:
    """The kind, if it may have an own text here. Raises InvalidRequest."""
    known = changeable(to_partners=program_id is not None)
    for name in known:
        if name == kind:
            return name
    message = f"mails of the kind {kind[:40]!r} cannot have a text of your own; use one of: {', '.join(known)}"
    raise InvalidRequest(message, param="kind")


def _lines(text: str) -> str:
    """The text with one kind of line end, without other control characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(each for each in line if each.isprintable()).rstrip() for line in lines).strip()


def _of(organization_id: UUID, program_id: UUID | None) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return MailText.organization_id == organization_id, MailText.program_id.is_not_distinct_from(program_id)


def _add_entry(
    session: Session,
    actor: Actor,
    action: str,
    organization_id: UUID,
    program_id: UUID | None,
    kind: str,
    language: str,
) -> None:
    public_id = (
        ids.encode(ids.ORGANIZATION, organization_id) if program_id is None else ids.encode(ids.PROGRAM, program_id)
    )
    details = {"kind": kind, "language": language}
    audit.add_entry(session, actor, action, public_id, details, organization_id=organization_id)
