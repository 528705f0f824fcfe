"""Confirming a partner's address: a link mailed to it proves that the person who signed up reads its mail."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import ids
from app.errors import NotFound
from app.mail_queue.kinds import OF
from app.mail_queue.models import Mail
from app.organizations import audit
from app.organizations.actors import Actor
from app.partners import enrollment
from app.partners.joining.models import EmailConfirmation
from app.partners.managing import mails, outbound_facts
from app.partners.models import Partner
from app.partners.validation import ENDED, OPEN
from app.people import memberships, notices

LIFETIME: Final = timedelta(days=7)
TOKEN_BYTES: Final = 32
MAIL_PAUSE: Final = timedelta(hours=1)
"""Least time between two mails to one address for one program, however often it is used to sign up."""
MAILS: Final = ("confirm_address", "already_enrolled")
"""The kinds of mails that a sign-up makes."""
MAIL_LIFETIME: Final = max(OF[kind].lifetime for kind in MAILS)
"""How long such a mail may wait to be sent."""


def request_mail(session: Session, partner: Partner) -> None:
    """Queue a mail with a confirmation link to the partner's unconfirmed address.

    If another partner owns the address, that partner gets a mail about its enrollment instead, unless its enrollment
    was ended. Nothing is queued if a mail to the address waits already: it will have the links of all sign-ups.
    """
    lock = func.hashtext(f"{partner.program_id} {partner.email}")
    session.execute(select(func.pg_advisory_xact_lock(lock)))
    owner = session.scalar(select(Partner).where(*enrollment.owns_address(partner.program_id, partner.email)))
    if owner is not None and owner.status in ENDED:
        return
    now = datetime.now(UTC)
    recent_mails = (
        select(Mail.finished_at)
        .join(Partner, Partner.id == Mail.partner_id)
        .where(Partner.program_id == partner.program_id, Partner.email == partner.email)
        .where(Mail.kind.in_(MAILS), Mail.created_at > now - MAIL_LIFETIME)
    )
    ended_times = session.scalars(recent_mails).all()
    if None in ended_times:
        return
    last_ended_at = max((time for time in ended_times if time is not None), default=now - MAIL_PAUSE)
    mails.write(
        session,
        owner or partner,
        "already_enrolled" if owner else "confirm_address",
        ids.encode(ids.PARTNER, partner.id),
        not_before=max(now, last_ended_at + MAIL_PAUSE),
    )


def issue(session: Session, partner: Partner) -> str:
    """A new token that confirms the partner's address. Only its hash is stored."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.add(
        EmailConfirmation(
            id=ids.new(),
            organization_id=partner.organization_id,
            partner_id=partner.id,
            token_hash=_hash(token),
            expires_at=datetime.now(UTC) + LIFETIME,
        )
    )
    session.flush()
    return token


def link(public_url: str, token: str) -> str:
    """The link of a confirmation mail. The token is behind `#`, so that it reaches no server's log."""
    return f"{public_url}/confirm#{token}"


def confirm(session: Session, actor: Actor, token: str, language: str | None = None) -> Partner:
    """Mark the partner's address as confirmed, with an audit entry; returns the partner. Not in a narrowed session.

    From then on a person with this address may sign in to the partner's organization, if that has no owner yet; a new
    person has `language` as its choice.

    Raises:
        NotFound: `confirmation_not_found`: the token is unknown, used or expired, or the enrollment was ended.
        Conflict: `email_taken`: another partner owns the address meanwhile; `self_referral`.
    """
    now = datetime.now(UTC)
    confirmation = session.scalar(
        select(EmailConfirmation)
        .where(
            EmailConfirmation.token_hash == _hash(token),
            EmailConfirmation.used_at.is_(None),
            EmailConfirmation.expires_at > now,
        )
        .with_for_update()
    )
    if confirmation is None:
        raise _not_found()
    partner = session.get_one(Partner, confirmation.partner_id, with_for_update=True, populate_existing=True)
    if partner.status not in OPEN or partner.email_state == "given":
        raise _not_found()
    confirmation.used_at = now
    enrollment.set_email_state(session, partner, "confirmed")
    if partner.partner_organization_id is not None:
        owner_id = partner.partner_organization_id
        memberships.add_first_owner(session, actor, owner_id, email=partner.email, language=language)
    subject_id = ids.encode(ids.PARTNER, partner.id)
    audit.add_entry(session, actor, "partner.email_confirmed", subject_id, organization_id=partner.organization_id)
    outbound_facts.record(session, partner, outbound_facts.UPDATED)
    if partner.status == "pending":
        _write_mails(session, partner, subject_id)
    return partner


def _write_mails(session: Session, partner: Partner, public_id: str) -> None:
    """The application is complete: write the mails to the partner and to those who decide on it."""
    mails.write(session, partner, "application_received")
    owner, program = partner.organization_id, partner.program_id
    notices.write(session, "new_application", public_id, owner, program_id=program, partner_id=public_id)


def _hash(token: str) -> str:
    # The token has 256 random bits, so a fast hash is enough, as for API keys.
    return hashlib.sha256(token.encode()).hexdigest()


def _not_found() -> NotFound:
    return NotFound(
        "the token is unknown, was used, or has expired; sign up again to get another link",
        code="confirmation_not_found",
        param="token",
    )
