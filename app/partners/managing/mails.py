"""Mails to a partner, written in the transaction of what they are about."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.mail_queue import queue
from app.mail_queue.kinds import KindName
from app.mail_queue.queue import NewMail
from app.partners.models import Partner, Snapshot
from app.partners.terms import snapshots
from app.partners.validation import ENDED

TAKING_PART: Final = ("active", "paused")
"""Statuses of partners who get a mail about other terms."""


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
    fact = f"{subject}:{ids.encode(ids.PARTNER, partner.id)}"
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


def write_decided(session: Session, partner: Partner, before: str, *, reason: str = "") -> None:
    """Write the mail about the decision on a partner that was pending, if it is decided now.

    Args:
        before: its status before.
        reason: why it was declined, in the owner's words; "" if no reason was given.
    """
    if before != "pending":
        return
    if partner.status == "active":
        write(session, partner, "approved")
    elif partner.status in ENDED:
        write(session, partner, "rejected", reason=reason)


def write_rate_changed(session: Session, partner: Partner, before: Snapshot | None, since: datetime | None) -> None:
    """Write the mail about other terms, if a partner who takes part earns something else by them.

    Args:
        before: the snapshot that was in force at `since` before the change.
        since: from when on the new one is in force; None: now.
    """
    after = snapshots.in_force(session, partner.id, since)
    if partner.status not in TAKING_PART or before is None or after is None or before.commission == after.commission:
        return
    write(
        session,
        partner,
        "rate_changed",
        ids.encode(ids.SNAPSHOT, after.id),
        before=before.commission,
        after=after.commission,
        effective_from=after.effective_from.isoformat(),
    )


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
    fact = f"{subject}:{ids.encode(ids.PARTNER, partner_id)}"
    return NewMail(kind, fact, owner, program_id=program_id, partner_id=partner_id, livemode=livemode, details=details)
