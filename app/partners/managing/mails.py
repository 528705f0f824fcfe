"""Mails to a partner, written in the transaction of what they are about."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.mail_queue import queue
from app.mail_queue.kinds import KindName
from app.mail_queue.queue import NewMail
from app.partners.models import Partner


def write(
    session: Session,
    partner: Partner,
    kind: KindName,
    subject: str = "",
    *,
    livemode: bool | None = None,
    not_before: datetime | None = None,
    **details: Any,
) -> None:
    """Write a mail to a partner.

    Args:
        session: the transaction of what it is about.
        partner: who gets it.
        kind: of the mail.
        subject: the public id of what it is about: there is one mail of the kind about it; "": the partner itself.
        livemode: the mode of what it is about; None: it is about no money.
        not_before: when it may be sent first; None: at once.
        details: ids, codes and figures that its text needs.
    """
    fact = f"{subject} {ids.encode(ids.PARTNER, partner.id)}".strip()
    mail = NewMail(
        kind,
        fact,
        partner.organization_id,
        program_id=partner.program_id,
        partner_id=partner.id,
        livemode=livemode,
        details=details,
        not_before=not_before,
    )
    queue.write(session, [mail])


def about_money(
    kind: KindName,
    subject: str,
    owner: UUID,
    program_id: UUID,
    partner_id: UUID,
    *,
    livemode: bool,
    details: Mapping[str, Any],
) -> NewMail:
    """A mail to a partner about live or test money, to be written with others by `queue.write`."""
    fact = f"{subject} {ids.encode(ids.PARTNER, partner_id)}"
    return NewMail(kind, fact, owner, program_id=program_id, partner_id=partner_id, livemode=livemode, details=details)
