"""Invitations: single-use links by which a partner gets an organization of its own.

An owner invites an address or an existing organization. Accepting makes a pending partner active at once, since then
both sides have agreed; a partner that is active already only gets its organization.
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import db, ids
from app.errors import Conflict, NotFound
from app.immutable import immutable
from app.organizations import actors, audit, hierarchy
from app.organizations.models import Organization
from app.partners import enrollment
from app.partners.joining import first_keys
from app.partners.joining.models import Invitation
from app.partners.managing import commands, mails, outbound_facts
from app.partners.models import Partner
from app.partners.terms import snapshots
from app.partners.validation import OPEN, split_name
from app.people import memberships
from app.programs.models import Program
from app.programs.terms import terms_in_force
from app.texts import require_address

LIFETIME: Final = timedelta(days=14)
TOKEN_BYTES: Final = 32
ORGANIZATION_CONSTRAINT: Final = "uq_partners_program_id_partner_organization_id"


@immutable
class Invited:
    """A partner and the token of its invitation, shown once; no token for an organization, which has its own keys."""

    partner: Partner
    token: str | None
    expires_at: datetime | None


@immutable
class Offered:
    """The offer of an invitation: a merchant's program, and the commission the partner would earn there."""

    partner: Partner
    program: Program
    organization_name: str
    commission: Mapping[str, Any]
    holdback_days: int | None
    expires_at: datetime


@immutable
class Joined:
    """A partner with the organization and key that were made for it. The key is shown once."""

    partner: Partner
    organization_id: UUID
    api_key: str


def invite(
    session: Session,
    actor: actors.Actor,
    program: Program,
    email: str,
    *,
    organization_id: str | None = None,
    name: str | None = None,
    slug: str | None = None,
) -> Invited:
    """Invite an address by a link, or an existing organization by enrolling it, with an audit entry.

    The partner is pending until the link is used, the organization accepts, or the owner approves. An address that was
    invited before and has no organization yet gets another link and, while it is pending, this name and slug. A mail
    has a link of its own.

    Args:
        session: writes the partner, its code, the invitation and the audit entry; may be narrowed to the owner.
        actor: who invites.
        program: the program the partner is enrolled in.
        email: the partner's address.
        organization_id: `org_…` of an organization that has its own keys.
        name: the person's or company's name; None: the partner gives it when it joins.
        slug: the code of its links; None makes one from the name.

    Raises:
        InvalidRequest, NotFound: names the field; `organization_not_found`.
        Conflict: `email_taken`: the partner has its organization already, or its enrollment was ended; `slug_taken`;
            `self_referral`; `already_enrolled`: the organization is enrolled in this program, or a partner that is not
            pending has another name or slug.
    """
    first_name, last_name = split_name(name or "")
    named: dict[str, Any] = {"first_name": first_name, "last_name": last_name} if name else {}
    invited = _load_invited(session, program, email) if organization_id is None else None
    if invited is None:
        partner = enrollment.create_partner(session, program, email=email, slug=slug, **named)
    else:
        partner = invited
        commands.rename_invited(session, actor, partner, {**named, **({"slug": slug} if slug is not None else {})})
    if organization_id is not None:
        _set_organization(session, partner, ids.decode(organization_id, ids.ORGANIZATION))
    token, expires_at = issue(session, partner)
    session.refresh(partner)
    details = {"program_id": ids.encode(ids.PROGRAM, program.id), "organization_id": organization_id}
    subject_id = ids.encode(ids.PARTNER, partner.id)
    audit.add_entry(session, actor, "partner.invited", subject_id, details, organization_id=program.organization_id)
    outbound_facts.record(session, partner, outbound_facts.INVITED)
    if organization_id is not None:
        return Invited(partner, None, expires_at)
    mails.write(session, partner, "invitation", expires_at.isoformat())
    return Invited(partner, token, expires_at)


def issue(session: Session, partner: Partner) -> tuple[str, datetime]:
    """A new token for the partner and when it expires. Earlier tokens keep working until one of them is used."""
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
    """The link of an invitation. The token is behind `#`, so that it reaches no server's log."""
    return f"{public_url}/join#{token}"


def join(session: Session, actor: actors.Actor, token: str, name: str, language: str | None = None) -> Joined:
    """Use an invitation: create an affiliate organization with a key and activate the partner, with an audit entry.

    The invited address becomes a person of the organization, with `language` as its choice. Not in a narrowed session.

    Raises:
        NotFound: `invitation_not_found`: the token is unknown, used or expired; the message does not say which.
    """
    partner = _use_token(session, token)
    organization = hierarchy.create_organization(session, kind="affiliate", name=name, email=partner.email)
    if partner.first_name is None and partner.last_name is None:
        partner.first_name, partner.last_name = split_name(name)
    _set_organization(session, partner, organization.id)
    memberships.add_first_owner(session, actor, organization.id, email=partner.email, language=language)
    _activate_pending(session, actor, partner)
    return Joined(partner, organization.id, first_keys.issue(session, organization.id, partner.organization_id))


def accept(session: Session, actor: actors.Actor, token: str, organization_id: UUID) -> Partner:
    """Use an invitation for an existing organization, with an audit entry. Not in a narrowed session.

    Raises:
        NotFound: `invitation_not_found`.
        Conflict: `already_enrolled`: the organization is enrolled in this program under another address.
    """
    partner = _use_token(session, token)
    _set_organization(session, partner, organization_id)
    _activate_pending(session, actor, partner)
    return partner


def accept_enrollment(session: Session, actor: actors.Actor, program_id: str, organization_id: UUID) -> Partner:
    """Accept the enrollment an owner created for this organization, with an audit entry. Not in a narrowed session.

    An organization that signed up by itself has no invitation, and waits for the owner's approval.

    Raises:
        NotFound: `invitation_not_found`.
    """
    invited = select(Invitation).join(Partner, Partner.id == Invitation.partner_id)
    partner = _use_invitation(
        session,
        invited.where(
            Partner.program_id == ids.decode(program_id, ids.PROGRAM),
            Partner.partner_organization_id == organization_id,
        ),
    )
    _activate_pending(session, actor, partner)
    return partner


def load_offer(session: Session, token: str) -> Offered:
    """The offer of an open invitation. Changes nothing. Not in a narrowed session.

    Raises:
        NotFound: `invitation_not_found`.
    """
    row = session.execute(
        select(Partner, Program, Organization.name, Invitation.expires_at)
        .join(Invitation, Invitation.partner_id == Partner.id)
        .join(Program, Program.id == Partner.program_id)
        .join(Organization, Organization.id == Partner.organization_id)
        .where(Invitation.token_hash == _hash(token), *_is_open())
    ).one_or_none()
    if row is None or not may_join(row[0]):
        raise _invitation_not_found()
    partner, program, organization_name, expires_at = row
    stamped = snapshots.in_force(session, partner.id) or terms_in_force(session, program.id)
    return Offered(partner, program, organization_name, stamped.commission, stamped.holdback_days, expires_at)


def may_join(partner: Partner) -> bool:
    """Whether the partner has no organization yet and its enrollment was not ended."""
    return partner.partner_organization_id is None and partner.status in OPEN


def _load_invited(session: Session, program: Program, email: str) -> Partner | None:
    """The partner of this address, locked, or None. Raises Conflict `email_taken` if it cannot join any more."""
    address = require_address(email)
    partner = session.scalar(select(Partner).where(*enrollment.owns_address(program.id, address)).with_for_update())
    if partner is not None and not may_join(partner):
        raise Conflict(
            "a partner with this e-mail address is already enrolled in the program", code="email_taken", param="email"
        )
    return partner


def _use_token(session: Session, token: str) -> Partner:
    """Mark the invitation with this token as used; returns its partner, which has no organization yet, locked."""
    partner = _use_invitation(session, select(Invitation).where(Invitation.token_hash == _hash(token)))
    if not may_join(partner):
        raise _invitation_not_found()
    return partner


def _use_invitation(session: Session, invitations: Select[Invitation]) -> Partner:
    """Mark the first open one of these invitations as used; returns its partner, locked.

    The caller rolls back if it then cannot use the invitation. Raises NotFound.
    """
    invitation = session.scalar(invitations.where(*_is_open()).limit(1).with_for_update(of=Invitation))
    if invitation is None:
        raise _invitation_not_found()
    # Two invitations of one partner may be used at the same time: the second waits here for the first.
    partner = session.get_one(Partner, invitation.partner_id, with_for_update=True, populate_existing=True)
    if partner.status not in OPEN:
        raise _invitation_not_found()
    invitation.accepted_at = datetime.now(UTC)
    return partner


def _is_open() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Invitation.accepted_at.is_(None), Invitation.expires_at > datetime.now(UTC)


def _set_organization(session: Session, partner: Partner, organization_id: UUID | None) -> None:
    """Set the partner's organization. Raises NotFound, Conflict `already_enrolled`, `self_referral`."""
    if organization_id is None:
        raise _organization_not_found()
    partner.partner_organization_id = organization_id
    enrollment.refuse_self_referral(session, partner)
    try:
        session.flush()
    except IntegrityError as violation:
        constraint = db.violated_constraint(violation)
        if constraint == ORGANIZATION_CONSTRAINT:
            raise Conflict("this organization is already enrolled in the program", code="already_enrolled") from None
        raise _organization_not_found() from None


def _activate_pending(session: Session, actor: actors.Actor, partner: Partner) -> None:
    """Activate a pending partner, since its owner invited it and it accepts; writes the audit entry."""
    is_pending = partner.status == "pending"
    if is_pending:
        enrollment.change_status(session, partner, "active", source="invite")
    subject_id = ids.encode(ids.PARTNER, partner.id)
    audit.add_entry(session, actor, "partner.joined", subject_id, organization_id=partner.organization_id)
    outbound_facts.record(session, partner, outbound_facts.ACTIVATED if is_pending else outbound_facts.UPDATED)


def _hash(token: str) -> str:
    # The token has 256 random bits, so a fast hash is enough, as for API keys.
    return hashlib.sha256(token.encode()).hexdigest()


def _invitation_not_found() -> NotFound:
    message = "the token is unknown, was used, or has expired; ask the program's owner for a new invitation"
    return NotFound(message, code="invitation_not_found", param="token")


def _organization_not_found() -> NotFound:
    message = "no organization with this id was found; check organization_id"
    return NotFound(message, code="organization_not_found", param="organization_id")
