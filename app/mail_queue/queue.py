"""Writing mails in the transaction of what they are about: both or none stay, and there is one mail for one fact."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids, jobs
from app.immutable import immutable
from app.mail_queue.kinds import KindName
from app.mail_queue.models import Mail


@immutable
class NewMail:
    """A mail to write. It has ids, codes and figures only: no address and no text.

    Attributes:
        fact: public ids of what caused it and of its recipient.
        organization_id: the merchant it is from.
        partner_id: the partner it goes to.
        person_id: the person it goes to; without person and partner it goes to the organization's address.
        livemode: the mode of the money it is about; None: about none.
        details: what its text needs besides.
        not_before: when it may be sent first; None: at once.
    """

    kind: KindName
    fact: str
    organization_id: UUID
    program_id: UUID | None = None
    partner_id: UUID | None = None
    person_id: UUID | None = None
    livemode: bool | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    not_before: datetime | None = None


def write(session: Session, mails: Sequence[NewMail]) -> None:
    """Write mails, without those whose fact has one already; wakes the sender after the commit."""
    if not mails:
        return
    session.execute(
        insert(Mail).on_conflict_do_nothing(index_elements=["fact", "kind"]), [_row(each) for each in mails]
    )
    jobs.wake_after_commit(session, jobs.MAILS)


def write_selected(session: Session, kind: KindName, chosen: Select[UUID, UUID, str]) -> None:
    """Write a mail to each person that a query chooses, of no organization, in one statement. Wakes nothing.

    Args:
        chosen: the mail's id, the person and the fact.
    """
    rows = chosen.add_columns(literal(kind))
    session.execute(insert(Mail).from_select(["id", "person_id", "fact", "kind"], rows))


def _row(mail: NewMail) -> dict[str, Any]:
    row = {
        "id": ids.new(),
        "kind": mail.kind,
        "fact": mail.fact,
        "organization_id": mail.organization_id,
        "program_id": mail.program_id,
        "partner_id": mail.partner_id,
        "person_id": mail.person_id,
        "livemode": mail.livemode,
        "details": dict(mail.details),
    }
    return row if mail.not_before is None else {**row, "next_attempt_at": mail.not_before}
