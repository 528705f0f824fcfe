"""The status of a partner: approving, pausing and banning it."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.http import causes
from app.pages import layout, signed_in
from app.pages.console import partners
from app.pages.console.frame import blueprint, sent
from app.pages.forms.fields import Reason
from app.pages.signed_in import SignedIn
from app.partners.managing import commands
from app.partners.managing.program_partners import Move
from app.partners.queries.listing import get_partner
from app.payouts.steps import bans
from app.views import Request


class Rejection(Request):
    """Why an application is rejected."""

    reason: Reason


@blueprint.post("/partners/<partner_id>/approve")
@signed_in.form("partners:write", shown_on=partners.partner)
def approve_partner(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """Approve a partner: a new one at the program's present terms, a former one at the terms it had."""
    return _move(session, who, partner_id, "approve")


@blueprint.post("/partners/<partner_id>/pause")
@signed_in.form("partners:write", shown_on=partners.partner)
def pause_partner(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """Pause a partner: it earns nothing on new payments until it is approved again."""
    return _move(session, who, partner_id, "pause")


@blueprint.post("/partners/<partner_id>/ban")
@signed_in.form("partners:write", shown_on=partners.partner)
def ban_partner(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """Ban a partner: it earns nothing on new payments, its pending payouts are canceled, and it has no access."""
    caller = who.caller
    partner = get_partner(session, caller.organization_ids, partner_id)
    done = bans.ban(session, caller, partner, causes.this_request(), livemode=caller.livemode)
    return layout.flash(to_partner(partner_id), "partner_banned", count=len(done.canceled))


@blueprint.post("/partners/<partner_id>/reject")
@signed_in.form("partners:write", shown_on=partners.partner)
def reject_partner(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """Reject the application of a partner that waits for approval; the reason is stored, and in the mail to it."""
    partner = get_partner(session, who.caller.organization_ids, partner_id, to_change=True)
    commands.reject(session, who.caller, partner, sent(Rejection).reason.strip())
    return layout.flash(to_partner(partner_id), "partner_rejected")


@blueprint.post("/partners/<partner_id>/end")
@signed_in.form("partners:write", shown_on=partners.partner)
def end_partner(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """End the enrollment of a partner; what it earned stays, and so do its codes."""
    partner = get_partner(session, who.caller.organization_ids, partner_id, to_change=True)
    commands.deactivate(session, who.caller, partner)
    return layout.flash(to_partner(partner_id), "partner_ended")


def _move(session: Session, who: SignedIn, partner_id: str, move: Move) -> Response:
    partner = get_partner(session, who.caller.organization_ids, partner_id, to_change=True)
    commands.move(session, who.caller, partner, move)
    return layout.flash(to_partner(partner_id), "partner_approved" if move == "approve" else "partner_paused")


def to_partner(partner_id: str) -> Response:
    """To the page of the partner."""
    return redirect(url_for("console.partner", partner_id=partner_id), 303)
