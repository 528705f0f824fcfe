"""Mails to all who manage an organization: one to each, or to the organization's address if it has none."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.mail_queue import queue
from app.mail_queue.kinds import KindName
from app.mail_queue.queue import NewMail
from app.people.models import Membership

MANAGING = ("owner", "manager")


def write(
    session: Session,
    kind: KindName,
    subject: str,
    organization_id: UUID,
    *,
    program_id: UUID | None = None,
    livemode: bool | None = None,
    **details: Any,
) -> None:
    """Write a mail to each owner and manager of an organization, in the transaction of what it is about.

    Args:
        kind: of the mail.
        subject: the public id of what it is about: there is one mail of the kind to a person about it.
        organization_id: whose owners and managers.
        program_id: the program that it is about.
        livemode: the mode of what it is about.
        details: ids, codes and figures that its text needs.
    """
    managing = select(Membership.person_id).where(
        Membership.organization_id == organization_id,
        Membership.role.in_(MANAGING),
        Membership.disabled_at.is_(None),
    )
    to: list[tuple[str, UUID | None]] = [(ids.encode(ids.PERSON, one), one) for one in session.scalars(managing)]
    owner = [(ids.encode(ids.ORGANIZATION, organization_id), None)]
    mails = [
        NewMail(
            kind,
            f"{subject}:{recipient}",
            organization_id,
            program_id=program_id,
            person_id=person_id,
            livemode=livemode,
            details=details,
        )
        for recipient, person_id in to or owner
    ]
    queue.write(session, mails)
