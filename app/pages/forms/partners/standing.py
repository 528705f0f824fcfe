"""Inviting a partner, and approving, pausing and banning it."""

from typing import Annotated

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from pydantic import AfterValidator, Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.http import causes, configured
from app.pages import layout, signed_in
from app.pages.console import partners, programs
from app.pages.console.frame import blueprint, sent
from app.pages.signed_in import SignedIn
from app.partners.joining import invitations
from app.partners.managing import commands, views
from app.partners.managing.program_partners import Move
from app.partners.queries.listing import get_partner
from app.partners.validation import slug as valid_slug
from app.payouts.steps import bans
from app.programs.programs import get_program
from app.views import EmailAddress, OneLine, Request


class Invitation(Request):
    """An invitation of an address."""

    email: EmailAddress
    name: Annotated[str, Field(max_length=200), OneLine(filled=True)] | None = None
    slug: Annotated[str, AfterValidator(valid_slug)] | None = None


@blueprint.post("/programs/<program_id>/invite")
@signed_in.form("partners:write", shown_on=programs.program)
def invite_partner(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Invite an address; the page after it shows the link, this once."""
    caller = who.caller
    program = get_program(session, caller.organization_ids, program_id, default_of=caller.organization_id)
    body = sent(Invitation)
    invited = invitations.invite(session, caller, program, body.email, name=body.name, slug=body.slug)
    shown = views.load_invited(session, invited, configured.settings().public_url)
    return layout.render("console/invited.html", who, status=201, shown=shown)


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
    return layout.flash(_to_partner(partner_id), "partner_banned", count=len(done.canceled))


def _move(session: Session, who: SignedIn, partner_id: str, move: Move) -> Response:
    partner = get_partner(session, who.caller.organization_ids, partner_id, to_change=True)
    commands.move(session, who.caller, partner, move)
    return layout.flash(_to_partner(partner_id), "partner_approved" if move == "approve" else "partner_paused")


def _to_partner(partner_id: str) -> Response:
    return redirect(url_for("console.partner", partner_id=partner_id), 303)
