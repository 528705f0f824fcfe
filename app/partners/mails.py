"""Mails to partners: what is due, and what it says. Who sends them stands above this module."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.partners import invitations
from app.partners.invitation_models import PartnerMail
from app.partners.models import Partner, Program

AT_ONCE: Final = 20
KEPT_FOR: Final = timedelta(days=1)
"""What could not be sent by then is of no use to anybody."""
FIRST_PAUSE: Final = timedelta(minutes=1)

ENROLLED: Final = """Somebody, likely you, wanted to sign up for {program} with this address, which is enrolled already.
{way}
If it was not you, there is nothing to do: nothing was changed, and nobody was told.
"""
BY_LINK: Final = "\nThis link gives you your account, once and until {until}:\n\n{link}\n"
BY_OWNER: Final = "\nYou have an account. If you have lost its key, the owner of the program can help.\n"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to send. Nothing of it may reach a log."""

    id: UUID
    recipient: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)


def take_due(session: Session, public_url: str) -> list[Mail]:
    """The mails that are due, each put off until its next attempt, so that nobody else takes it meanwhile.

    Makes the tokens their links need. Gives up what is too old.
    """
    now = datetime.now(UTC)
    due = session.execute(
        select(PartnerMail, Partner, Program.name)
        .join(Partner, Partner.id == PartnerMail.partner_id)
        .join(Program, Program.id == Partner.program_id)
        .where(PartnerMail.ended_at.is_(None), PartnerMail.next_attempt_at <= now)
        .order_by(PartnerMail.next_attempt_at)
        .limit(AT_ONCE)
        .with_for_update(of=PartnerMail, skip_locked=True)
    ).all()
    mails = []
    for row, partner, program_name in due:
        if row.created_at < now - KEPT_FOR:
            row.ended_at, row.problem = now, row.problem or "it was not sent within a day"
            continue
        row.attempts += 1
        row.next_attempt_at = now + FIRST_PAUSE * 2 ** min(row.attempts, 10)
        mails.append(
            Mail(
                row.id,
                partner.email,
                f"Signing up for {program_name}",
                _text(session, partner, program_name, public_url),
            )
        )
    session.flush()
    return mails


def is_due(session: Session) -> bool:
    """Whether any mail is due."""
    waiting = select(PartnerMail.id).where(PartnerMail.ended_at.is_(None), PartnerMail.next_attempt_at <= func.now())
    return session.scalar(waiting.limit(1)) is not None


def finish(session: Session, mail_id: UUID, *, problem: str | None = None) -> None:
    """Note that a mail was sent, or what kept it from being sent this time."""
    row = session.get_one(PartnerMail, mail_id)
    row.problem = problem
    if problem is None:
        row.ended_at = datetime.now(UTC)


def _text(session: Session, partner: Partner, program_name: str, public_url: str) -> str:
    way = BY_OWNER
    if invitations.may_join(partner):
        token, until = invitations.issue(session, partner)
        way = BY_LINK.format(link=invitations.link(public_url, token), until=f"{until:%d %B %Y}")
    return ENROLLED.format(program=program_name, way=way)
