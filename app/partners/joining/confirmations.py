"""Confirming an address: a link that is mailed to it shows that whoever signed up with it reads its mail."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import ids
from app.errors import NotFound
from app.organizations import audit
from app.organizations.audit import Actor
from app.partners import enrollment
from app.partners.joining.models import EmailConfirmation, PartnerMail
from app.partners.models import Partner

LIFETIME: Final = timedelta(days=7)
TOKEN_BYTES: Final = 32
MAIL_PAUSE: Final = timedelta(hours=1)
"""One address is written to at most so often for a program, however often it is signed up with."""
MAIL_KEPT_FOR: Final = timedelta(days=1)
"""What could not be sent by then is of no use."""


def request_mail(session: Session, partner: Partner) -> None:
    """Note that a partner's unconfirmed address is to be written to: by a link to confirm it.

    Where the address is another partner's already, that partner is written to instead, unless its owner ended it. A
    mail that waits already is enough: it will have the links of all sign-ups with the address.
    """
    lock = func.hashtext(f"{partner.program_id} {partner.email}")
    session.execute(select(func.pg_advisory_xact_lock(lock)))
    known = session.scalar(select(Partner).where(*enrollment.has_address(partner.program_id, partner.email)))
    if known is not None and known.status in enrollment.ENDED:
        return
    now = datetime.now(UTC)
    mailed = (
        select(PartnerMail.ended_at)
        .join(Partner, Partner.id == PartnerMail.partner_id)
        .where(Partner.program_id == partner.program_id, Partner.email == partner.email)
        .where(PartnerMail.created_at > now - MAIL_KEPT_FOR)
    )
    ends = session.scalars(mailed).all()
    if None in ends:
        return
    last = max((end for end in ends if end is not None), default=now - MAIL_PAUSE)
    session.add(
        PartnerMail(
            id=ids.new(),
            organization_id=partner.organization_id,
            partner_id=partner.id if known is None else known.id,
            kind="confirm_address" if known is None else "already_enrolled",
            next_attempt_at=max(now, last + MAIL_PAUSE),
        )
    )
    session.flush()


def issue(session: Session, partner: Partner) -> str:
    """A new token by which the partner's address is confirmed. It is stored as a hash only."""
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
    """Where a person uses the token. It stands behind `#`, so that it reaches no server's log."""
    return f"{public_url}/confirm#{token}"


def confirm(session: Session, by: Actor, token: str) -> Partner:
    """Make the address the partner's own, written into its owner's audit trail. Not in a narrowed session.

    Raises:
        NotFound: `confirmation_not_found`: unknown, used or past its time, or the partner was shut out.
        Conflict: `email_taken`: another partner has had the address since; `self_referral`.
    """
    now = datetime.now(UTC)
    found = session.scalar(
        select(EmailConfirmation)
        .where(
            EmailConfirmation.token_hash == _hash(token),
            EmailConfirmation.used_at.is_(None),
            EmailConfirmation.expires_at > now,
        )
        .with_for_update()
    )
    if found is None:
        raise _not_found()
    partner = session.get_one(Partner, found.partner_id, with_for_update=True, populate_existing=True)
    if partner.status not in enrollment.OPEN or partner.email_state == "given":
        raise _not_found()
    found.used_at = now
    enrollment.count_email(session, partner, "confirmed")
    subject_id = ids.encode(ids.PARTNER, partner.id)
    audit.record(session, by, "partner.email_confirmed", subject_id, organization_id=partner.organization_id)
    return partner


def _hash(token: str) -> str:
    # 256 random bits need no slow hash, as with keys.
    return hashlib.sha256(token.encode()).hexdigest()


def _not_found() -> NotFound:
    return NotFound(
        "the token is unknown, was used, or has expired; sign up again to get another link",
        code="confirmation_not_found",
        param="token",
    )
