"""Enrollment: creating partners, and changing their code, address and status. A code never changes its partner."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import db, ids
from app.errors import Conflict
from app.organizations.models import Organization
from app.partners.joining import addresses
from app.partners.models import Partner, PartnerCode
from app.partners.terms import snapshots
from app.partners.validation import Status, make_code, valid_code
from app.programs.models import Program
from app.texts import require_address, require_line

EmailState = Literal["given", "unconfirmed", "confirmed", "approved"]
CODE_TRIES: Final = 5
EMAIL_CONSTRAINT: Final = "uq_partners_program_id_email"


def create_partner(
    session: Session,
    program: Program,
    *,
    email: str,
    slug: str | None = None,
    commission: Mapping[str, Any] | None = None,
    holdback_days: int | None = None,
    email_state: EmailState = "given",
    **profile: Any,
) -> Partner:
    """Insert a pending partner of the program with its code, and return it.

    Args:
        session: writes the partner, its code, and its snapshot if it gets terms of its own now.
        program: the program it is enrolled in; the program's owner owns the partner.
        email: unique in the program regardless of case, unless it is unconfirmed.
        slug: the code of its links; None makes one from the name.
        commission: its own commission; None: the program's commission on the day it becomes active.
        holdback_days: its own holdback; used only with `commission`.
        email_state: `unconfirmed` until the partner or the program's owner has confirmed the address.
        profile: first_name, last_name, metadata.

    Raises:
        InvalidRequest: names the field.
        Conflict: `email_taken`, `slug_taken` or `self_referral`.
    """
    metadata = profile.pop("metadata", None)
    for name in ("first_name", "last_name"):
        if profile.get(name):
            require_line(profile[name], param=name)
    partner = Partner(
        id=ids.new(),
        organization_id=program.organization_id,
        program_id=program.id,
        email=require_address(email),
        slug=_free_code(session, program, profile) if slug is None else valid_code(slug),
        email_state=email_state,
        status="pending",
        details=metadata or {},
        **profile,
    )
    if email_state != "unconfirmed":  # a refusal would show the person who signs up that this is the owner's address
        refuse_self_referral(session, partner)
    _refuse_taken_code(session, partner, partner.slug)
    _write(session, partner)
    _insert_code(session, partner, partner.slug)
    if commission is not None:
        snapshots.stamp_override(session, partner, "invite", commission=commission, holdback_days=holdback_days)
    return partner


def rename(session: Session, partner: Partner, slug: str) -> None:
    """Give the partner another code; earlier codes keep working. Raises InvalidRequest, Conflict `slug_taken`."""
    code = valid_code(slug)
    _refuse_taken_code(session, partner, code)
    partner.slug = code
    _write(session, partner)
    _insert_code(session, partner, partner.slug)


def add_code(session: Session, partner: Partner, slug: str) -> bool:
    """Give the partner one more code beside its present one; returns whether it is new.

    Raises:
        InvalidRequest: it cannot be a code.
        Conflict: `slug_taken`.
    """
    code = valid_code(slug)
    _refuse_taken_code(session, partner, code)
    return _insert_code(session, partner, code)


def change_email(session: Session, partner: Partner, email: str) -> None:
    """Give the partner another address. Raises InvalidRequest, Conflict `email_taken`, `self_referral`."""
    partner.email = require_address(email)
    set_email_state(session, partner, "given")


def set_email_state(session: Session, partner: Partner, state: EmailState) -> None:
    """Mark the partner's address as its own, by one of the states but `unconfirmed`.

    Raises:
        Conflict: `email_taken`, `self_referral`.
    """
    partner.email_state = state
    refuse_self_referral(session, partner)
    _write(session, partner)


_SET_STRIPE_ACCOUNT: Final = text("""
    UPDATE partners SET stripe_account_id = :account_id
    WHERE organization_id = :organization_id AND partner_organization_id = :partner_organization_id
      AND (:livemode OR stripe_account_id IS NULL)
""")


def set_stripe_account(
    session: Session, organization_id: UUID, partner_organization_id: UUID, account_id: str, *, livemode: bool
) -> None:
    """Name an affiliate's account at Stripe in its enrollments with an owner; one for live money goes first."""
    values = {
        "organization_id": organization_id,
        "partner_organization_id": partner_organization_id,
        "account_id": account_id,
        "livemode": livemode,
    }
    session.execute(_SET_STRIPE_ACCOUNT, values)


def owns_address(program_id: UUID, address: str) -> tuple[ColumnElement[bool], ...]:
    """SQL conditions for the program's partner that owns this address; an unconfirmed address has no owner."""
    return Partner.program_id == program_id, Partner.email == address, Partner.email_state != "unconfirmed"


def change_status(session: Session, partner: Partner, status: Status, *, source: snapshots.Source = "approval") -> None:
    """Change the partner's status; when it first becomes active, stamp the program's terms unless it has its own.

    Commissions do not change. An active partner's unconfirmed address becomes `approved`: the owner accepts it.

    Args:
        session: writes the partner and its snapshot.
        partner: the partner.
        status: the new status.
        source: why it becomes active; stored with the snapshot.

    Raises:
        Conflict: `already_enrolled`: a partner that was active cannot become pending again; `email_taken`,
            `self_referral`: the unconfirmed address belongs to another partner, or to the owner.
    """
    if status == partner.status:
        return
    if status == "pending":
        raise Conflict(
            "the partner was enrolled before, so its status cannot become pending again",
            code="already_enrolled",
            param="status",
        )
    partner.status = status
    partner.status_changed_at = datetime.now(UTC)
    partner.rejection_reason = None
    if status == "active":
        if partner.email_state == "unconfirmed":
            set_email_state(session, partner, "approved")
        partner.activated_at = partner.activated_at or datetime.now(UTC)
        if snapshots.in_force(session, partner.id) is None:
            snapshots.stamp_terms(session, partner, source)
    session.flush()


def refuse_self_referral(session: Session, partner: Partner) -> None:
    """Refuse a partner with the organization or address of the program's owner, unless the program allows it.

    Raises:
        Conflict: `self_referral`.
    """
    with session.no_autoflush:  # the partner may lack columns still
        owner = session.get_one(Organization, partner.organization_id)
        if session.get_one(Program, partner.program_id).allow_self_referral:
            return
    if partner.partner_organization_id == owner.id:
        raise Conflict(
            "the program's owner cannot be its partner; set allow_self_referral to allow it", code="self_referral"
        )
    if owner.email and addresses.fold(owner.email) == addresses.fold(partner.email):
        raise Conflict(
            "this is the e-mail address of the program's owner; use another, or set allow_self_referral",
            code="self_referral",
            param="email",
        )


def _write(session: Session, partner: Partner) -> None:
    """Flush the partner. Raises Conflict `email_taken` or `slug_taken`, after which the caller rolls back."""
    session.add(partner)
    try:
        session.flush()
    except IntegrityError as violation:
        constraint = db.violated_constraint(violation)
        if constraint == EMAIL_CONSTRAINT:
            raise Conflict(
                "a partner with this e-mail address is already enrolled in the program",
                code="email_taken",
                param="email",
            ) from None
        raise _slug_taken(partner.slug) from None


def _refuse_taken_code(session: Session, partner: Partner, code: str) -> None:
    existing = session.get(PartnerCode, (partner.organization_id, code))
    if existing is not None and existing.partner_id != partner.id:
        raise _slug_taken(code)


def _insert_code(session: Session, partner: Partner, code: str) -> bool:
    """Whether the code is new. Raises Conflict `slug_taken`."""
    row = {"organization_id": partner.organization_id, "code": code, "partner_id": partner.id}
    added = insert(PartnerCode).values(row).on_conflict_do_nothing().returning(PartnerCode.code)
    if session.scalar(added) is not None:
        return True
    # A concurrent transaction may have committed the same code for another partner, which then has it.
    owner_id = session.scalar(
        select(PartnerCode.partner_id).where(
            PartnerCode.organization_id == partner.organization_id, PartnerCode.code == code
        )
    )
    if owner_id != partner.id:
        raise _slug_taken(code)
    return False


def _free_code(session: Session, program: Program, profile: Mapping[str, Any]) -> str:
    for _ in range(CODE_TRIES):
        code = make_code(profile.get("first_name"), profile.get("last_name"), secrets.choice)
        taken = select(func.count()).where(
            PartnerCode.organization_id == program.organization_id, PartnerCode.code == code
        )
        if not session.scalar(taken):
            return code
    raise _slug_taken(code)


def _slug_taken(code: str) -> Conflict:
    return Conflict(
        f"slug {code!r} is or was the code of another partner; choose another slug", code="slug_taken", param="slug"
    )


def count_activated(session: Session, program_id: UUID) -> int:
    """How many partners of the program were ever activated."""
    stamped = select(func.count()).select_from(Partner)
    return session.scalar(stamped.where(Partner.program_id == program_id, Partner.activated_at.is_not(None))) or 0
