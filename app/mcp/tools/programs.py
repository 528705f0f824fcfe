"""Tools for programs, for their owners."""

from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.commissions.analytics import views as analytics_views
from app.commissions.analytics.figures import analyse
from app.errors import NotFound
from app.mcp.calls import Call
from app.organizations import access
from app.organizations.permissions import Caller
from app.partners.managing import commands as managing
from app.programs import commands, programs, views
from app.programs.models import Program
from app.rest.programs import requests


def create(call: Call, body: requests.ProgramCreation) -> views.ProgramBody:
    """Create a program with its commission terms. It pays once its status is active."""
    with access.transaction(call.caller) as session:
        owner = _owner(call.caller, body.owner_organization_id)
        return commands.create(session, call.caller, owner, requests.settings_from(body))


def list_all(call: Call, query: requests.ProgramQuery) -> views.ProgramPage:
    """List your programs, newest first."""
    with access.transaction(call.caller) as session:
        page = programs.list_programs(
            session, call.caller.organization_ids, limit=query.limit, starting_after=query.starting_after
        )
        return views.ProgramPage(data=views.load_program_bodies(session, page.rows), has_more=page.has_more)


def show(call: Call, path: requests.ProgramPath) -> views.ProgramBody:
    """Get a program with its present terms."""
    with access.transaction(call.caller) as session:
        return commands.load_body(session, find(session, call.caller, path.program_id))


def update(call: Call, path: requests.ProgramPath, body: requests.ProgramChange) -> views.ProgramBody:
    """Change the given fields. New terms apply to partners approved from now on, never to what is earned."""
    with access.transaction(call.caller) as session:
        program = find(session, call.caller, path.program_id)
        return managing.change_program(session, call.caller, program, requests.settings_from(body))


def analytics(call: Call, path: requests.ProgramPath, query: requests.AnalyticsQuery) -> analytics_views.AnalyticsBody:
    """Get totals, a daily series and a leaderboard. Default: the last thirty days."""
    with access.transaction(call.caller) as session:
        program = find(session, call.caller, path.program_id)
        figures = analyse(
            session,
            program,
            livemode=call.caller.livemode,
            first=query.first,
            last=query.last,
            leaders=query.leaders,
        )
        return analytics_views.analytics_body(program, figures)


def find(session: Session, caller: Caller, program_id: str) -> Program:
    """The caller's program. Raises NotFound."""
    return programs.get_program(session, caller.organization_ids, program_id, default_of=caller.organization_id)


def _owner(caller: Caller, public_id: str | None) -> UUID:
    """The organization a program is created for. Raises NotFound if the caller does not manage it."""
    if public_id is None:
        return caller.organization_id
    organization_id = ids.decode(public_id, ids.ORGANIZATION)
    if organization_id is None or organization_id not in caller.organization_ids:
        raise NotFound.of("organization", public_id, param="owner_organization_id")
    return organization_id
