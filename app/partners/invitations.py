"""Invitations: a partner gets an organization of its own by a link that works once.

An owner invites an address or an existing organization. Whoever accepts is enrolled at once, since then both sides
have agreed; a partner that was active already only gets its account.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import ids
from app.errors import Conflict, NotFound
from app.organizations import audit, hierarchy, keys
from app.partners import enrollment
from app.partners.invitation_models import Invitation
from app.partners.models import Partner, Program
from app.partners.rules import split_name
from app.texts import require_address

LIFETIME: Final = timedelta(days=14)
TOKEN_BYTES: Final = 32
ORGANIZATION_CONSTRAINT: Final = "uq_partners_program_id_partner_organization_id"


@dataclass(frozen=True, slots=True)
class Invited:
    """A partner and the token of its invitation, which is shown once; None for an organization that has its keys."""

    partner: Partner
    token: str | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Joined:
    """A partner with the organization and key that were made for it. The key is shown once."""

    partner: Partner
    organization_id: UUID
    api_key: str


def invite(session: Session, program: Program, email: str) -> Invited:
    """Invite an address: a pending partner and a token. One that has no organization yet gets another token.

    The session may be narrowed to the owner. Writes the partner, its code and the invitation.

    Raises:
        InvalidRequest: `email` is no address.
        Conflict: `email_taken`: that partner has its account already, or was shut out.
    """
    address = require_address(email)
    known = session.scalar(
        select(Partner).where(Partner.program_id == program.id, Partner.email == address).with_for_update()
    )
    if known is not None and not may_join(known):
        raise Conflict(
            "a partner with this e-mail address is already enrolled in the program", code="email_taken", param="email"
        )
    partner = known or enrollment.create_partner(session, program, email=email)
    token, expires_at = issue(session, partner)
    return Invited(partner, token, expires_at)


def invite_organization(session: Session, program: Program, organization_id: str, email: str) -> Invited:
    """Enroll an organization that exists, pending until it accepts or the owner approves. The session may be narrowed.

    Raises:
        InvalidRequest: `email` is no address.
        NotFound: `organization_not_found`.
        Conflict: `email_taken`, or `already_enrolled` in this program.
    """
    key = ids.decode(organization_id, ids.ORGANIZATION)
    if key is None:
        raise _no_organization()
    partner = enrollment.create_partner(session, program, email=email)
    _attach(session, partner, key)
    _, expires_at = issue(session, partner)
    return Invited(partner, None, expires_at)


def issue(session: Session, partner: Partner) -> tuple[str, datetime]:
    """A new token for the partner and when it ends. Earlier ones go on working until one of them is used."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = datetime.now(UTC) + LIFETIME
    session.add(
        Invitation(
            id=ids.new(),
            organization_id=partner.organization_id,
            partner_id=partner.id,
            token_hash=_hash(token),
            expires_at=expires_at,
        )
    )
    session.flush()
    return token, expires_at


def link(public_url: str, token: str) -> str:
    """Where the token is used by a person. It stands behind `#`, so that it reaches no server's log."""
    return f"{public_url}/join#{token}"


def join(session: Session, token: str, name: str) -> Joined:
    """Use an invitation: an organization of that name, its manage key, and the enrollment. Not in a narrowed session.

    Raises:
        NotFound: `invitation_not_found`: unknown, used or past its time, without saying which.
    """
    partner = _take(session, token)
    organization = hierarchy.create_organization(session, kind="affiliate", name=name, email=partner.email)
    if partner.first_name is None and partner.last_name is None:
        partner.first_name, partner.last_name = split_name(name)
    _attach(session, partner, organization.id)
    _agree(session, partner)
    return Joined(partner, organization.id, first_key(session, organization.id))


def accept(session: Session, token: str, organization_id: UUID) -> Partner:
    """Use an invitation for an organization that exists. Not in a narrowed session.

    Raises:
        NotFound: `invitation_not_found`.
        Conflict: `already_enrolled`: the organization is in this program under another address.
    """
    partner = _take(session, token)
    _attach(session, partner, organization_id)
    _agree(session, partner)
    return partner


def accept_enrollment(session: Session, program_id: str, organization_id: UUID) -> Partner:
    """Agree to the enrollment an owner made for this organization. Not in a narrowed session.

    An organization that asked for its enrollment by itself has no invitation, and waits for the owner.

    Raises:
        NotFound: `invitation_not_found`.
    """
    invited = select(Invitation).join(Partner, Partner.id == Invitation.partner_id)
    partner = _use(
        session,
        invited.where(
            Partner.program_id == ids.decode(program_id, ids.PROGRAM),
            Partner.partner_organization_id == organization_id,
        ),
    )
    _agree(session, partner)
    return partner


def may_join(partner: Partner) -> bool:
    """Whether an invitation can still give this partner an organization."""
    return partner.partner_organization_id is None and partner.status in enrollment.OPEN


def first_key(session: Session, organization_id: UUID) -> str:
    """The key a new affiliate starts with, for the partner side, in plain text for the one time it can be shown."""
    _, plaintext = keys.issue_key(session, audit.PUBLIC, organization_id, name="sign-up", level="manage")
    return plaintext


def _take(session: Session, token: str) -> Partner:
    """The partner without an organization that this token is for, locked; the token is used up."""
    partner = _use(session, select(Invitation).where(Invitation.token_hash == _hash(token)))
    if not may_join(partner):
        raise _no_invitation()
    return partner


def _use(session: Session, invitations: Select[Invitation]) -> Partner:
    """The partner of the first of these invitations that is open; the caller rolls back if it cannot use it."""
    now = datetime.now(UTC)
    is_open = (Invitation.accepted_at.is_(None), Invitation.expires_at > now)
    invitation = session.scalar(invitations.where(*is_open).limit(1).with_for_update(of=Invitation))
    if invitation is None:
        raise _no_invitation()
    # Two invitations of one partner may be used at once: the second waits here and finds it joined.
    partner = session.get_one(Partner, invitation.partner_id, with_for_update=True, populate_existing=True)
    if partner.status not in enrollment.OPEN:
        raise _no_invitation()
    invitation.accepted_at = now
    return partner


def _attach(session: Session, partner: Partner, organization_id: UUID) -> None:
    """Make the partner this organization's."""
    partner.partner_organization_id = organization_id
    enrollment.refuse_owner(session, partner)
    try:
        session.flush()
    except IntegrityError as refused:
        constraint = getattr(getattr(refused.orig, "diag", None), "constraint_name", None)
        if constraint == ORGANIZATION_CONSTRAINT:
            raise Conflict("this organization is already enrolled in the program", code="already_enrolled") from None
        raise _no_organization() from None


def _agree(session: Session, partner: Partner) -> None:
    """The owner has invited and the partner accepts: nothing is left to wait for."""
    if partner.status == "pending":
        enrollment.change_status(session, partner, "active", source="invite")


def _hash(token: str) -> str:
    # 256 random bits need no slow hash, as with keys.
    return hashlib.sha256(token.encode()).hexdigest()


def _no_invitation() -> NotFound:
    return NotFound(
        "the token is unknown, was used, or has expired; ask the program's owner for a new invitation",
        code="invitation_not_found",
        param="token",
    )


def _no_organization() -> NotFound:
    return NotFound(
        "no organization with this id was found; check organization_id",
        code="organization_not_found",
        param="organization_id",
    )
