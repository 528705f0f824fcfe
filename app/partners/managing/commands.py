"""What an owner does with partners: adds, changes, approves, pauses, bans and ends them, each with its audit entry."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app import ids
from app.errors import Conflict, InvalidRequest
from app.organizations import audit
from app.partners import enrollment, tree, views
from app.partners.finding import listing
from app.partners.managing import program_partners
from app.partners.models import Partner
from app.partners.rules import bps_of
from app.partners.terms import snapshots
from app.programs import commands as program_commands
from app.programs.models import Program
from app.programs.terms import terms_in_force
from app.programs.views import ProgramBody
from app.texts import require_address, require_line

AUDITED: Final = frozenset({"slug", "status", "commission_pct", "parent_id"})
"""Of what may change, that which the audit trail keeps: no addresses, names or metadata."""
ACTIONS: Final[Mapping[program_partners.Move, str]] = {
    "approve": "partner.approved",
    "pause": "partner.paused",
    "ban": "partner.banned",
}
STORED_STATUS: Final[Mapping[views.PartnerStatus, enrollment.Status]] = {
    "invited": "pending",
    "active": "active",
    "deactivated": "deactivated",
}


def change_program(session: Session, actor: audit.Actor, program: Program, changes: Mapping[str, Any]) -> ProgramBody:
    """As `programs.commands.change`: its currency stays once it has partners, since their terms are in it."""
    session.refresh(program, with_for_update=True)  # no partner can be added until the change is made
    has_partners = bool(session.scalar(select(exists().where(Partner.program_id == program.id))))
    return program_commands.change(session, actor, program, changes, has_partners=has_partners)


def add(
    session: Session,
    actor: audit.Actor,
    program: Program,
    *,
    email: str,
    slug: str | None = None,
    commission_pct: Decimal | None = None,
    commission: Mapping[str, Any] | None = None,
    parent_id: str | None = None,
    **profile: Any,
) -> views.PartnerBody:
    """Enroll a partner in `program`, pending until it is approved.

    Args:
        session: writes the partner, its code, its snapshot if it has terms of its own, and the audit entry.
        actor: who adds it.
        program: what it is enrolled in.
        email: unique in the program.
        slug: the code of its links; None makes one from the name.
        commission_pct: a rate of its own, in percent; None takes the program's terms of the day it is approved.
        commission: instead of `commission_pct`, a commission of its own; `holdback_days` goes with it.
        parent_id: its upline's public id.
        profile: first_name, last_name, payout_method, payout_email, metadata; holdback_days with `commission`.

    Raises:
        InvalidRequest: names the field.
        Conflict: `email_taken`, `slug_taken` or `self_referral`.
        NotFound: there is no such parent.
    """
    if commission is not None and commission_pct is not None:
        raise InvalidRequest("send commission_pct or commission_snapshot, not both", param="commission_snapshot")
    if commission_pct is not None:
        commission = snapshots.with_rate(terms_in_force(session, program.id).commission, bps_of(commission_pct))
    profile["payout_email"] = _valid_payout_email(profile.get("payout_email"))
    partner = enrollment.create_partner(session, program, email=email, slug=slug, commission=commission, **profile)
    if parent_id is not None:
        _set_parent(session, partner, parent_id)
    session.refresh(partner)
    shown = shown_with_rate(session, partner)
    details = {"program_id": shown.program_id, "slug": shown.slug, "commission_pct": shown.commission_pct}
    audit.record(session, actor, "partner.created", shown.id, details, organization_id=partner.organization_id)
    return shown


def change(session: Session, actor: audit.Actor, partner: Partner, changes: Mapping[str, Any]) -> views.PartnerBody:
    """Make `changes`, under the names of `PartnerChange`. A new rate holds from now on; what was earned stays.

    Raises:
        InvalidRequest: names the field.
        Conflict: `email_taken`, `slug_taken`, `self_referral` or `already_enrolled`.
        NotFound: there is no such parent.
    """
    if "apply_to" in changes and "commission_pct" not in changes:
        raise InvalidRequest("apply_to is used only with commission_pct; send both", param="apply_to")
    _apply(session, partner, changes)
    shown = shown_with_rate(session, partner)
    details = {"changed": sorted(changes), **shown.model_dump(include=set(AUDITED & changes.keys()))}
    audit.record(session, actor, "partner.updated", shown.id, details, organization_id=partner.organization_id)
    return shown


def rename_invited(session: Session, actor: audit.Actor, partner: Partner, named: Mapping[str, str | None]) -> None:
    """Give a partner that is invited again another name and code, under the names of `change`.

    Raises:
        Conflict: `already_enrolled`: it is not pending any more; `slug_taken`.
    """
    changes = {field: value for field, value in named.items() if value != getattr(partner, field)}
    if changes and partner.status != "pending":
        raise Conflict(
            f'the partner "{partner.slug}" is {partner.status} and keeps its name and code; invite it without them, '
            "and change them at the partner itself",
            code="already_enrolled",
            param=next(iter(changes)).replace("first_name", "name").replace("last_name", "name"),
        )
    if changes:
        change(session, actor, partner, changes)


def move(session: Session, actor: audit.Actor, partner: Partner, wanted: program_partners.Move) -> bool:
    """Approve, pause or ban a partner; what it earned stays. Returns whether anything changed.

    Raises:
        Conflict: `status_refused`: a banned partner cannot be paused.
    """
    has_changed = program_partners.make_move(session, partner, wanted)
    if has_changed:
        details = {
            "program_id": ids.encode(ids.PROGRAM, partner.program_id),
            "status": views.AFFILIATE_STATUS[partner.status],
            "email_state": partner.email_state,
        }
        subject_id, owner_id = ids.encode(ids.PARTNER, partner.id), partner.organization_id
        audit.record(session, actor, ACTIONS[wanted], subject_id, details, organization_id=owner_id)
    return has_changed


def deactivate(session: Session, actor: audit.Actor, partner: Partner) -> bool:
    """End a partner's enrollment; what it earned and its codes stay. Returns whether anything changed."""
    if partner.status in enrollment.ENDED:
        return False
    enrollment.change_status(session, partner, "deactivated")
    subject_id, owner_id = ids.encode(ids.PARTNER, partner.id), partner.organization_id
    audit.record(session, actor, "partner.deactivated", subject_id, organization_id=owner_id)
    return True


def shown_with_rate(session: Session, partner: Partner) -> views.PartnerBody:
    """The partner with the rate of the snapshot in force."""
    return views.partner_body(partner, snapshots.in_force(session, partner.id))


def _apply(session: Session, partner: Partner, changes: Mapping[str, Any]) -> None:
    """Make the changes. The rate comes before the status, so that becoming active keeps a rate given with it."""
    for name in ("first_name", "last_name", "payout_method"):
        if name in changes:
            given = changes[name]
            setattr(partner, name, require_line(given, param=name) if given and name != "payout_method" else given)
    if "payout_email" in changes:
        partner.payout_email = _valid_payout_email(changes["payout_email"])
    if "parent_id" in changes:
        _set_parent(session, partner, changes["parent_id"])
    if "metadata" in changes:
        partner.details = changes["metadata"]
    if "email" in changes:
        enrollment.change_email(session, partner, changes["email"])
    if "slug" in changes:
        enrollment.rename(session, partner, changes["slug"])
    if "commission_pct" in changes:
        percent = changes["commission_pct"]
        rate_bps = None if percent is None else bps_of(percent)
        snapshots.amend_rate(session, partner, rate_bps, changes.get("apply_to", "all_customers"))
    if "status" in changes:
        _change_status(session, partner, changes["status"])
    session.flush()


def _change_status(session: Session, partner: Partner, status: views.PartnerStatus) -> None:
    # The partners surface has one word for paused, banned and deactivated; saying it again changes none of them.
    if views.PARTNER_STATUS[partner.status] != status:
        enrollment.change_status(session, partner, STORED_STATUS[status])


def _set_parent(session: Session, partner: Partner, parent_id: str | None) -> None:
    """Put the partner under another one of its owner's, or under none."""
    above = None if parent_id is None else listing.get_partner(session, [partner.organization_id], parent_id)
    tree.set_parent(session, partner, above)


def _valid_payout_email(email: str | None) -> str | None:
    return None if email is None else require_address(email, param="payout_email")
