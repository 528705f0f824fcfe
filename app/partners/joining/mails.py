"""Mails to partners: which are due, and their texts. The worker sends them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app import mails, times
from app.mails import Mail
from app.partners.joining import confirmations, invitations
from app.partners.joining.models import PartnerMail
from app.partners.models import Partner
from app.partners.validation import OPEN
from app.programs.models import Program

LINKS_AT_ONCE: Final = 10

ENROLLED: Final = """This address was used to sign up for {program}, probably by you. It is already enrolled there.
{way}
If it was not you, you need to do nothing: your enrollment did not change, and was not shown to the person signing up.
"""
CONFIRM: Final = """This address was used to sign up for {program}, probably by you. To confirm that it is yours, open
the link next to the code you received when you signed up. A link works once, for {days} days.
{links}
If none of these codes is yours, ignore this mail: the address is then not used.
"""
BY_LINK: Final = "\nThis link creates your account. It works once, until {until}:\n\n{link}\n"
BY_OWNER: Final = "\nYou have an account. If you have lost its key, ask the owner of the program for help.\n"


def take_next(session: Session, public_url: str) -> Mail | None:
    """The mail that has been due longest, with new tokens for its links; None if none is due.

    Effects: moves the mail's next attempt at least two minutes into the future, so that no other worker takes it
    meanwhile; gives up mails that are older than `MAIL_LIFETIME` or have nothing to confirm.
    """
    now = datetime.now(UTC)
    while due := session.execute(_oldest_due(now)).one_or_none():
        row, partner, program = due
        if row.created_at < now - confirmations.MAIL_LIFETIME:
            row.ended_at, row.problem = now, row.problem or "mail_too_old"
            continue
        row.attempts += 1
        row.next_attempt_at = now + mails.wait(row.attempts)
        written = _text(session, row.kind, partner, program, public_url)
        if written:
            return Mail(row.id, row.next_attempt_at, partner.email, f"Signing up for {program.name}", written)
        row.ended_at, row.problem = now, "nothing_to_confirm"
    return None


def is_due(session: Session) -> bool:
    """Whether any mail is due."""
    waiting = select(PartnerMail.id).where(PartnerMail.ended_at.is_(None), PartnerMail.next_attempt_at <= func.now())
    return session.scalar(waiting.limit(1)) is not None


def finish(session: Session, mail_id: UUID, *, problem: str | None = None) -> None:
    """Store that a mail was sent, or the problem why it was not; with a problem it is sent again when it is due."""
    row = session.get_one(PartnerMail, mail_id)
    row.problem = problem
    if problem is None:
        row.ended_at = datetime.now(UTC)


def _oldest_due(now: datetime) -> Select[PartnerMail, Partner, Program]:
    return (
        select(PartnerMail, Partner, Program)
        .join(Partner, Partner.id == PartnerMail.partner_id)
        .join(Program, Program.id == Partner.program_id)
        .where(PartnerMail.ended_at.is_(None), PartnerMail.next_attempt_at <= now)
        .order_by(PartnerMail.next_attempt_at)
        .limit(1)
        .with_for_update(of=PartnerMail, skip_locked=True)
    )


def _text(session: Session, kind: str, partner: Partner, program: Program, public_url: str) -> str:
    """The text of a mail, with new tokens for its links; "" if there is nothing left to confirm."""
    if kind == "confirm_address":
        links = "".join(
            f"\n{unconfirmed.slug}\n{confirmations.link(public_url, confirmations.issue(session, unconfirmed))}\n"
            for unconfirmed in _load_unconfirmed(session, partner)
        )
        return links and CONFIRM.format(program=program.name, links=links, days=confirmations.LIFETIME.days)
    way = BY_OWNER
    if invitations.may_join(partner):
        token, until = invitations.issue(session, partner)
        ends = times.format_time(until, program.time_zone)
        way = BY_LINK.format(link=invitations.link(public_url, token), until=ends)
    return ENROLLED.format(program=program.name, way=way)


def _load_unconfirmed(session: Session, partner: Partner) -> Sequence[Partner]:
    """The partners that signed up for this program with this address and have not confirmed it, newest first."""
    waiting = select(Partner).where(
        Partner.program_id == partner.program_id,
        Partner.email == partner.email,
        Partner.email_state == "unconfirmed",
        Partner.status.in_(OPEN),
    )
    return session.scalars(waiting.order_by(Partner.id.desc()).limit(LINKS_AT_ONCE)).all()
