"""Tools for a program's partners, for its owner: invite, list, approve, pause, ban."""

from collections.abc import Sequence

from app.mcp.calls import Call
from app.mcp.tools.programs import find
from app.organizations import access
from app.partners.joining import invitations
from app.partners.managing import commands, program_partners, views
from app.payouts.showing.views import BannedAffiliate, banned_affiliate
from app.payouts.steps import bans
from app.rest.programs import requests


def invite(call: Call, path: requests.ProgramPath, body: requests.Invitation) -> views.Invited:
    """Invite an e-mail address; the answer has the sign-up link. Or enroll an existing organization."""
    with access.transaction(call.caller) as session:
        program = find(session, call.caller, path.program_id)
        invited = invitations.invite(
            session,
            call.caller,
            program,
            body.email,
            organization_id=body.organization_id,
            name=body.name,
            slug=body.slug,
        )
        return views.load_invited(session, invited, call.settings.public_url)


def list_all(call: Call, path: requests.ProgramPath, query: requests.AffiliateQuery) -> views.ProgramAffiliatePage:
    """List a program's partners, newest first, with their totals if the key may read commissions."""
    caller = call.caller
    with access.transaction(caller) as session:
        program = find(session, caller, path.program_id)
        page = program_partners.list_partners(
            session, program, limit=query.limit, starting_after=query.starting_after, status=query.status
        )
        data: Sequence[views.ProgramAffiliate] = views.load_affiliates(session, page.rows)
        if caller.may("commissions:read"):
            data = views.load_with_totals(session, program, page.rows, livemode=caller.livemode)
        return views.ProgramAffiliatePage(data=list(data), has_more=page.has_more)


def approve(call: Call, path: requests.AffiliatePath) -> views.ProgramAffiliate:
    """Approve a partner: from now on it earns."""
    return _move(call, path, "approve")


def pause(call: Call, path: requests.AffiliatePath) -> views.ProgramAffiliate:
    """Pause a partner: it earns nothing on new payments until it is approved again."""
    return _move(call, path, "pause")


def ban(call: Call, path: requests.AffiliatePath) -> BannedAffiliate:
    """Ban a partner: it earns nothing new, its pending payouts are canceled, it has no access."""
    caller = call.caller
    with access.transaction(caller) as session:
        program = find(session, caller, path.program_id)
        partner = program_partners.find_partner(session, program, path.affiliate_id, to_change=False)
        done = bans.ban(session, caller, partner, call.cause(), livemode=caller.livemode)
        shown = views.load_affiliate(session, partner)
        return banned_affiliate(shown, done, is_shown=caller.may("payouts:read"))


def _move(call: Call, path: requests.AffiliatePath, move: program_partners.Move) -> views.ProgramAffiliate:
    with access.transaction(call.caller) as session:
        program = find(session, call.caller, path.program_id)
        partner = program_partners.find_partner(session, program, path.affiliate_id)
        commands.move(session, call.caller, partner, move)
        return views.load_affiliate(session, partner)
