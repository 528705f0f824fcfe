"""Commands: an owner adds, changes, approves, pauses, bans and deactivates partners, each with its audit entry."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app import ids
from app.errors import Conflict, InvalidRequest
from app.organizations import actors, audit
from app.partners import enrollment, tree, validation, views
from app.partners.managing import mails, outbound_facts, program_partners
from app.partners.models import Partner
from app.partners.payout_methods import commands as payout_commands
from app.partners.queries import listing
from app.partners.terms import snapshots
from app.partners.terms.views import SnapshotBody, load_snapshot_body
from app.partners.validation import bps_of
from app.programs import commands as program_commands
from app.programs.models import Program
from app.programs.shapes import shape_of
from app.programs.terms import terms_in_force
from app.programs.views import ProgramBody
from app.texts import require_line
from app.views import instant_text

AUDITED: Final = frozenset({"slug", "status", "commission_pct", "parent_id"})
"""The fields whose new value the audit trail stores: no addresses, names or metadata."""
ACTIONS: Final[Mapping[program_partners.Move, str]] = {
    "approve": "partner.approved",
    "pause": "partner.paused",
    "ban": "partner.banned",
}


def change_program(session: Session, actor: actors.Actor, program: Program, changes: Mapping[str, Any]) -> ProgramBody:
    """Change a program as `programs.commands.change`; refuses another currency once the program has partners."""
    session.refresh(program, with_for_update=True)  # locked, so that no partner is added before the change is made
    has_partners = bool(session.scalar(select(exists().where(Partner.program_id == program.id))))
    return program_commands.change(session, actor, program, changes, has_partners=has_partners)


def add(
    session: Session,
    actor: actors.Actor,
    program: Program,
    *,
    email: str,
    slug: str | None = None,
    commission_pct: Decimal | None = None,
    commission: Mapping[str, Any] | None = None,
    parent_id: str | None = None,
    **profile: Any,
) -> views.PartnerBody:
    """Enroll a partner in `program`, pending until it is approved; returns it.

    Args:
        session: writes the partner, its code, its snapshot if it has terms of its own, and the audit entry.
        actor: who adds it.
        program: the program it is enrolled in.
        email: unique in the program.
        slug: the code of its links; None makes one from the name.
        commission_pct: its own rate in percent; None: the program's terms on the day it is approved.
        commission: its own commission, instead of `commission_pct`; `profile` may then have `holdback_days`.
        parent_id: its upline's public id.
        profile: first_name, last_name, payout_method, payout_email, metadata; holdback_days with `commission`.

    Raises:
        InvalidRequest: names the field.
        Conflict: `email_taken`, `slug_taken` or `self_referral`.
        NotFound: there is no partner with the id `parent_id`.
    """
    if commission is not None and commission_pct is not None:
        raise InvalidRequest("send commission_pct or commission_snapshot, not both", param="commission_snapshot")
    if commission_pct is not None:
        commission = shape_of(terms_in_force(session, program.id).commission).with_rate(bps_of(commission_pct))
    paid_by = {name: profile.pop(name) for name in payout_commands.PARTNER_FIELDS & profile.keys()}
    partner = enrollment.create_partner(session, program, email=email, slug=slug, commission=commission, **profile)
    payout_commands.apply_fields(session, partner, paid_by)
    if parent_id is not None:
        _set_parent(session, partner, parent_id)
    session.refresh(partner)
    shown = load_body(session, partner)
    details = {"program_id": shown.program_id, "slug": shown.slug, "commission_pct": shown.commission_pct}
    audit.add_entry(session, actor, "partner.created", shown.id, details, organization_id=partner.organization_id)
    outbound_facts.record(session, partner, outbound_facts.INVITED)
    return shown


def change(session: Session, actor: actors.Actor, partner: Partner, changes: Mapping[str, Any]) -> views.PartnerBody:
    """Make `changes` (field names of `PartnerChange`); returns the partner. A new rate applies to future payments only.

    Raises:
        InvalidRequest: names the field.
        Conflict: `email_taken`, `slug_taken`, `self_referral` or `already_enrolled`.
        NotFound: there is no partner with the id `parent_id`.
    """
    if "apply_to" in changes and "commission_pct" not in changes:
        raise InvalidRequest("apply_to is used only with commission_pct; send both", param="apply_to")
    before, terms = partner.status, snapshots.in_force(session, partner.id)
    _apply(session, partner, changes)
    shown = load_body(session, partner)
    details = {"changed": sorted(changes), **shown.model_dump(include=set(AUDITED & changes.keys()))}
    audit.add_entry(session, actor, "partner.updated", shown.id, details, organization_id=partner.organization_id)
    mails.write_rate_changed(session, partner, terms, None)
    mails.write_decided(session, partner, before)
    if partner.status == "active" and before != "active":
        outbound_facts.record(session, partner, outbound_facts.ACTIVATED, outbound_facts.UPDATED)
    else:
        outbound_facts.record(session, partner, outbound_facts.UPDATED)
    return shown


def add_code(session: Session, actor: actors.Actor, partner: Partner, code: str) -> bool:
    """Give the partner one more code, which links with it find; returns whether it is new.

    Raises:
        InvalidRequest: it cannot be a code.
        Conflict: `slug_taken`.
    """
    is_new = enrollment.add_code(session, partner, code)
    if is_new:
        subject_id, owner_id = ids.encode(ids.PARTNER, partner.id), partner.organization_id
        details = {"code": validation.fold_code(code)}
        audit.add_entry(session, actor, "partner.code_added", subject_id, details, organization_id=owner_id)
    return is_new


def rename_invited(session: Session, actor: actors.Actor, partner: Partner, named: Mapping[str, str | None]) -> None:
    """Change the name and code of a partner that is invited again; `named` has field names of `PartnerChange`.

    Raises:
        Conflict: `already_enrolled`: the partner is not pending any more; `slug_taken`.
    """
    changes = {field: value for field, value in named.items() if value != getattr(partner, field)}
    if changes and partner.status != "pending":
        raise Conflict(
            f'the partner "{partner.slug}" is {partner.status}, so an invitation cannot change its name and code; '
            "leave them out, and change the partner instead",
            code="already_enrolled",
            param=next(iter(changes)).replace("first_name", "name").replace("last_name", "name"),
        )
    if changes:
        change(session, actor, partner, changes)


def move(session: Session, actor: actors.Actor, partner: Partner, action: program_partners.Move) -> bool:
    """Approve, pause or ban a partner; its commissions do not change. Returns whether anything changed.

    Raises:
        Conflict: `status_refused`: a banned partner cannot be paused.
    """
    before = partner.status
    has_changed = program_partners.make_move(session, partner, action)
    if has_changed:
        details = {
            "program_id": ids.encode(ids.PROGRAM, partner.program_id),
            "status": validation.affiliate_status(partner.status),
            "email_state": partner.email_state,
        }
        subject_id, owner_id = ids.encode(ids.PARTNER, partner.id), partner.organization_id
        audit.add_entry(session, actor, ACTIONS[action], subject_id, details, organization_id=owner_id)
        outbound_facts.record(session, partner, outbound_facts.OF_MOVE[action])
        mails.write_decided(session, partner, before)
    return has_changed


def reject(session: Session, actor: actors.Actor, partner: Partner, reason: str) -> None:
    """Reject the application of a partner that waits for approval.

    Args:
        session: writes the partner, the mail to it and the audit entry, which has no reason.
        actor: who decides it.
        partner: the partner.
        reason: why, in the owner's words; it is stored for the owner and the partner, and in the mail.

    Raises:
        Conflict: `status_refused`: the partner does not wait for approval.
    """
    if partner.status != "pending":
        message = f"the partner is {partner.status}, so its application was decided before; end its enrollment instead"
        raise Conflict(message, code="status_refused")
    deactivate(session, actor, partner, reason=reason)
    partner.rejection_reason = reason
    session.flush()


def deactivate(session: Session, actor: actors.Actor, partner: Partner, *, reason: str = "") -> bool:
    """End a partner's enrollment; its commissions and codes do not change. Returns whether anything changed.

    `reason` is in the mail to a partner that waited for approval.
    """
    if partner.status in validation.ENDED:
        return False
    before = partner.status
    enrollment.change_status(session, partner, "deactivated")
    mails.write_decided(session, partner, before, reason=reason)
    subject_id, owner_id = ids.encode(ids.PARTNER, partner.id), partner.organization_id
    audit.add_entry(session, actor, "partner.deactivated", subject_id, organization_id=owner_id)
    outbound_facts.record(session, partner, outbound_facts.UPDATED)
    return True


def amend_terms(
    session: Session,
    actor: actors.Actor,
    partner: Partner,
    commission: Mapping[str, Any] | None,
    *,
    holdback_days: int | None = None,
    applies_to: snapshots.AppliesTo = "all_customers",
    effective_from: datetime | None = None,
) -> SnapshotBody:
    """Give a partner other terms from a time on, with an audit entry. Arguments and errors as `snapshots.amend`."""
    before = snapshots.in_force(session, partner.id, effective_from)
    snapshots.amend(
        session,
        partner,
        commission,
        holdback_days=holdback_days,
        applies_to=applies_to,
        effective_from=effective_from,
    )
    details = {
        "commission": None if commission is None else dict(commission),
        "holdback_days": holdback_days,
        "apply_to": applies_to,
        "effective_from": instant_text(effective_from or datetime.now(UTC)),
    }
    subject_id, owner_id = ids.encode(ids.PARTNER, partner.id), partner.organization_id
    audit.add_entry(session, actor, "partner.terms_amended", subject_id, details, organization_id=owner_id)
    outbound_facts.record(session, partner, outbound_facts.UPDATED)
    mails.write_rate_changed(session, partner, before, effective_from)
    return load_snapshot_body(session, partner)


def load_body(session: Session, partner: Partner) -> views.PartnerBody:
    """The partner with the rate of its snapshot in force, as the API shows it."""
    [shown] = views.load_partner_bodies(session, [partner])
    return shown


def _apply(session: Session, partner: Partner, changes: Mapping[str, Any]) -> None:
    """Make the changes: the rate before the status, so that a partner activated in the same change gets that rate."""
    for name in ("first_name", "last_name"):
        if name in changes:
            value = changes[name]
            setattr(partner, name, require_line(value, param=name) if value else value)
    payout_commands.apply_fields(session, partner, changes)
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


def _change_status(session: Session, partner: Partner, status: validation.PartnerStatus) -> None:
    # The /partners surface shows paused, banned and deactivated as one status; sending it again changes none of them.
    if validation.partner_status(partner.status) != status:
        enrollment.change_status(session, partner, validation.stored_when_set(status))


def _set_parent(session: Session, partner: Partner, parent_id: str | None) -> None:
    """Set the partner's upline to another partner of the same owner, or to none."""
    parent = None if parent_id is None else listing.get_partner(session, [partner.organization_id], parent_id)
    tree.set_parent(session, partner, parent)
