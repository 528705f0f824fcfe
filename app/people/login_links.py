"""Sign-in links: made, mailed, and used once to begin a session. Their tokens are never stored and never logged."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, literal, select, update
from sqlalchemy.orm import Session

from app import ids
from app.errors import LONGEST_SHOWN, NotFound
from app.mail_queue import queue
from app.mail_queue.models import Mail
from app.organizations import audit
from app.organizations.actors import Actor
from app.people import sessions, tokens
from app.people.models import LoginLink, Membership, Person

LIFETIME: Final = timedelta(minutes=15)
MAIL_PAUSE: Final = timedelta(minutes=1)
"""Least time between two mails to one person."""
MAILS_PER_HOUR: Final = 6
"""Mails to one person within an hour, whatever addresses they are requested from."""
MAIL: Final = "login"
"""The kind of mails with a link. The link is made when the mail is sent."""
_UNUSED: Final = (LoginLink.used_at.is_(None), LoginLink.expires_at > func.now())


def request_mail(session: Session, email: str) -> None:
    """Queue a mail with a link for the person with this address, if there is one; the caller cannot see whether.

    One statement for known and unknown addresses, so that both take about the same time. Nothing is queued for a person
    who is disabled everywhere, or was sent a mail within the last minute or six within the last hour. The session must
    not be narrowed.
    """
    of_person = (Mail.person_id == Person.id, Mail.kind == MAIL)
    recent = exists().where(*of_person, Mail.created_at > func.now() - MAIL_PAUSE)
    within_hour = select(func.count()).where(*of_person, Mail.created_at > func.now() - timedelta(hours=1))
    new_id = ids.new()
    chosen: Select[UUID, UUID, str] = select(literal(new_id), Person.id, literal(str(new_id))).where(
        Person.email == email.strip().lower(), _may_sign_in(), ~recent, within_hour.scalar_subquery() < MAILS_PER_HOUR
    )
    queue.write_selected(session, MAIL, chosen)


def issue(session: Session, person_id: UUID) -> str:
    """The token of a new link for a person, valid for 15 minutes."""
    token = tokens.new()
    expires_at = datetime.now(UTC) + LIFETIME
    session.add(LoginLink(token_hash=tokens.digest(token), person_id=person_id, expires_at=expires_at))
    session.flush()
    return token


def issue_for(session: Session, actor: Actor, email: str) -> str:
    """As `issue`, for the person with this address, with an audit entry in each of its organizations.

    Raises:
        NotFound: no person who may sign in has this address.
    """
    person_id = session.scalar(select(Person.id).where(Person.email == email.strip().lower(), _may_sign_in()))
    if person_id is None:
        message = f"no person with the address {email[:LONGEST_SHOWN]!r} may sign in; add it with `accrual people add`"
        raise NotFound(message, code="person_not_found")
    subject_id = ids.encode(ids.PERSON, person_id)
    for organization_id in sessions.organizations_of(session, person_id):
        audit.add_entry(session, actor, "person.login_link_made", subject_id, organization_id=organization_id)
    return issue(session, person_id)


def address(public_url: str, token: str) -> str:
    """The address of a sign-in link."""
    return f"{public_url}/login/{token}"


def is_usable(session: Session, token: str) -> bool:
    """Whether the link can still be used. Changes nothing, so that programs that open links of mails use none up."""
    usable = select(LoginLink.person_id).where(LoginLink.token_hash == tokens.digest(token), *_UNUSED)
    return session.scalar(usable) is not None


def consume(session: Session, token: str, *, user_agent: str, former: str | None = None) -> str:
    """Use a link: the token of a new session. The browser's former session ends.

    Args:
        session: not narrowed; the person's organizations are not known yet.
        token: the link's.
        user_agent: what the browser says it is.
        former: the token of the browser's former session, which ends also if it is another person's.

    Raises:
        NotFound: `login_link_not_found`: it is unknown, used or expired, or the person may not sign in any more.
    """
    used = update(LoginLink).where(LoginLink.token_hash == tokens.digest(token), *_UNUSED).values(used_at=func.now())
    person_id = session.scalar(used.returning(LoginLink.person_id))
    begun = sessions.begin(session, person_id, user_agent=user_agent) if person_id is not None else None
    if begun is None:
        raise NotFound("this link was used already, or has expired; request a new one", code="login_link_not_found")
    if former is not None:
        sessions.revoke(session, former)
    return begun


def _may_sign_in() -> ColumnElement[bool]:
    return exists().where(Membership.person_id == Person.id, Membership.disabled_at.is_(None))
