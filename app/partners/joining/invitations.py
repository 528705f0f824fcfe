"""Invitations: a partner gets an organization of its own by a link that works once.

An owner invites an address or an existing organization. Whoever accepts is enrolled at once, since then both sides
have agreed; a partner that was active already only gets its account.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import ids
from app.errors import Conflict, NotFound
from app.organizations import audit, hierarchy, keys
from app.organizations.models import Organization
from app.partners import enrollment
from app.partners.joining.models import Invitation
from app.partners.managing import commands
from app.partners.models import Partner
from app.partners.rules import split_name
from app.partners.terms import snapshots
from app.programs.models import Program
from app.programs.terms import terms_in_force
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
class Offered:
    """What an invitation invites to: a merchant's program, and the commission the partner would earn there."""

    partner: Partner
    program: Program
    organization_name: str
    commission: Mapping[str, Any]
    holdback_days: int | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Joined:
    """A partner with the organization and key that were made for it. The key is shown once."""

    partner: Partner
    organization_id: UUID
    api_key: str


def invite(
    session: Session,
    by: audit.Actor,
    program: Program,
    email: str,
    *,
    organization_id: str | None = None,
    name: str | None = None,
    slug: str | None = None,
) -> Invited:
    """Invite an address by a link, or an organization that exists by enrolling it. Audited.

    The partner is pending until the link is used, the organization accepts, or the owner approves. An address that was
    invited before and has no organization yet gets another link and, while pending, the name and slug given now.

    Args:
        session: writes the partner, its code, the invitation and the audit entry; may be narrowed to the owner.
        by: who invites.
        program: what the partner is enrolled in.
        email: the partner's address.
        organization_id: `org_…` of an organization that has its own keys.
        name: the person's or company's; None takes what the partner says when it joins.
        slug: the code of its links; None makes one from the name.

    Raises:
        InvalidRequest: names the field.
        NotFound: `organization_not_found`.
        Conflict: `email_taken`: that partner has its account already, or was shut out; `slug_taken`; `self_referral`;
            `already_enrolled`: the organization is in this program, or a partner that is not pending has another name
            or slug.
    """
    first_name, last_name = split_name(name or "")
    named: dict[str, Any] = {"first_name": first_name, "last_name": last_name} if name else {}
    known = _invited_before(session, program, email) if organization_id is None else None
    if known is None:
        partner = enrollment.create_partner(session, program, email=email, slug=slug, **named)
    else:
        partner = known
        commands.rename_invited(session, by, partner, {**named, **({"slug": slug} if slug is not None else {})})
    if organization_id is not None:
        _attach(session, partner, ids.decode(organization_id, ids.ORGANIZATION))
    token, expires_at = issue(session, partner)
    session.refresh(partner)
    details = {"program_id": ids.encode(ids.PROGRAM, program.id), "organization_id": organization_id}
    subject_id = ids.encode(ids.PARTNER, partner.id)
    audit.record(session, by, "partner.invited", subject_id, details, organization_id=program.organization_id)
    return Invited(partner, token if organization_id is None else None, expires_at)


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


def join(session: Session, by: audit.Actor, token: str, name: str) -> Joined:
    """Use an invitation: an affiliate of that name, its key, and the enrollment. Audited. Not in a narrowed session.

    Raises:
        NotFound: `invitation_not_found`: unknown, used or past its time, without saying which.
    """
    partner = _take(session, token)
    organization = hierarchy.create_organization(session, kind="affiliate", name=name, email=partner.email)
    if partner.first_name is None and partner.last_name is None:
        partner.first_name, partner.last_name = split_name(name)
    _attach(session, partner, organization.id)
    _agree(session, partner)
    subject_id = ids.encode(ids.PARTNER, partner.id)
    audit.record(session, by, "partner.joined", subject_id, organization_id=partner.organization_id)
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


def offered(session: Session, token: str) -> Offered:
    """What an invitation that is open invites to. Changes nothing. Not in a narrowed session.

    Raises:
        NotFound: `invitation_not_found`.
    """
    found = session.execute(
        select(Partner, Program, Organization.name, Invitation.expires_at)
        .join(Invitation, Invitation.partner_id == Partner.id)
        .join(Program, Program.id == Partner.program_id)
        .join(Organization, Organization.id == Partner.organization_id)
        .where(Invitation.token_hash == _hash(token), *_is_open())
    ).one_or_none()
    if found is None or not may_join(found[0]):
        raise _no_invitation()
    partner, program, organization_name, expires_at = found
    stamped = snapshots.in_force(session, partner.id) or terms_in_force(session, program.id)
    return Offered(partner, program, organization_name, stamped.commission, stamped.holdback_days, expires_at)


def may_join(partner: Partner) -> bool:
    """Whether an invitation can still give this partner an organization."""
    return partner.partner_organization_id is None and partner.status in enrollment.OPEN


def first_key(session: Session, organization_id: UUID) -> str:
    """The key a new affiliate starts with, for the partner side, in plain text for the one time it can be shown."""
    _, plaintext = keys.issue_key(session, audit.PUBLIC, organization_id, name="sign-up", level="manage")
    return plaintext


def _invited_before(session: Session, program: Program, email: str) -> Partner | None:
    """The partner of this address that may still join, locked. Raises Conflict `email_taken` if it may not."""
    address = require_address(email)
    known = session.scalar(select(Partner).where(*enrollment.has_address(program.id, address)).with_for_update())
    if known is not None and not may_join(known):
        raise Conflict(
            "a partner with this e-mail address is already enrolled in the program", code="email_taken", param="email"
        )
    return known


def _take(session: Session, token: str) -> Partner:
    """The partner without an organization that this token is for, locked; the token is used up."""
    partner = _use(session, select(Invitation).where(Invitation.token_hash == _hash(token)))
    if not may_join(partner):
        raise _no_invitation()
    return partner


def _use(session: Session, invitations: Select[Invitation]) -> Partner:
    """The partner of the first of these invitations that is open; the caller rolls back if it cannot use it."""
    invitation = session.scalar(invitations.where(*_is_open()).limit(1).with_for_update(of=Invitation))
    if invitation is None:
        raise _no_invitation()
    # Two invitations of one partner may be used at once: the second waits here and finds it joined.
    partner = session.get_one(Partner, invitation.partner_id, with_for_update=True, populate_existing=True)
    if partner.status not in enrollment.OPEN:
        raise _no_invitation()
    invitation.accepted_at = datetime.now(UTC)
    return partner


def _is_open() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Invitation.accepted_at.is_(None), Invitation.expires_at > datetime.now(UTC)


def _attach(session: Session, partner: Partner, organization_id: UUID | None) -> None:
    """Make the partner this organization's. Raises NotFound, Conflict `already_enrolled`, `self_referral`."""
    if organization_id is None:
        raise _no_organization()
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
