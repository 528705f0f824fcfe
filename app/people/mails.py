"""Mails with sign-in links: which are due, and their text. The worker sends them; the link is made when it is sent."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import mails
from app.mails import Mail
from app.people import login_links, own_languages, sessions
from app.people.models import LoginMail, Person
from app.sentences import catalogue
from app.sentences.say import say

MAIL_LIFETIME: Final = timedelta(hours=1)
"""A mail that could not be sent within this time is given up: the person has asked again, or given up too."""


def take_next(session: Session, public_url: str) -> Mail | None:
    """The mail that has been due longest, with a new link; None if none is due.

    Effects: moves the mail's next attempt at least two minutes into the future, so that no other worker takes it
    meanwhile; gives up mails that are older than `MAIL_LIFETIME`, or whose person may not sign in any more.
    """
    now = datetime.now(UTC)
    oldest = select(LoginMail).where(LoginMail.ended_at.is_(None), LoginMail.next_attempt_at <= now)
    oldest = oldest.order_by(LoginMail.next_attempt_at).limit(1).with_for_update(skip_locked=True)
    while row := session.scalar(oldest):
        problem = None
        if row.created_at < now - MAIL_LIFETIME:
            problem = row.problem or "mail_too_old"
        elif not sessions.organizations_of(session, row.person_id):
            problem = "person_disabled"
        if problem is not None:
            row.ended_at, row.problem = now, problem
            session.flush()
            continue
        row.attempts += 1
        row.next_attempt_at = now + mails.wait(row.attempts)
        link = login_links.address(public_url, login_links.issue(session, row.person_id))
        address = session.get_one(Person, row.person_id).email
        with catalogue.using(own_languages.of_person(session, row.person_id)):
            text = say("mail.login.text", public_url=public_url, link=link)
            return Mail(row.id, row.next_attempt_at, address, say("mail.login.subject"), f"{text}\n")
    return None


def is_due(session: Session) -> bool:
    """Whether any mail is due."""
    waiting = select(LoginMail.id).where(LoginMail.ended_at.is_(None), LoginMail.next_attempt_at <= func.now())
    return session.scalar(waiting.limit(1)) is not None


def finish(session: Session, mail_id: UUID, *, problem: str | None = None) -> None:
    """Store that a mail was sent, or the problem why it was not; with a problem it is sent again when it is due."""
    row = session.get_one(LoginMail, mail_id)
    row.problem = problem
    if problem is None:
        row.ended_at = datetime.now(UTC)
