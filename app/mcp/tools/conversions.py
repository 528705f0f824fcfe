"""Tools for a program's conversions, for its owner: list, approve, reject."""

from sqlalchemy.orm import Session

from app.commissions import queries, views
from app.commissions.decisions import commands
from app.commissions.models import Conversion
from app.mcp.calls import Call
from app.mcp.tools.programs import find
from app.organizations import access
from app.rest.ledger import requests


def list_all(call: Call, path: requests.ProgramPath, query: requests.ConversionQuery) -> views.ConversionPage:
    """List the payments that earn a partner of the program a commission, newest first."""
    caller = call.caller
    with access.transaction(caller) as session:
        program = find(session, caller, path.program_id)
        partner = None
        if query.affiliate_id is not None:
            partner = queries.get_affiliate(session, caller.organization_ids, query.affiliate_id)
        selected = queries.ListQuery(
            limit=query.limit,
            livemode=caller.livemode,
            page=query.page,
            starting_after=query.starting_after,
            status=views.COMMISSION_STATUS[query.status] if query.status else None,
            partner=partner,
            program_id=program.id,
            paid=query.span,
        )
        page = queries.list_conversions(session, caller.organization_ids, selected)
        data = [views.conversion_body(*row) for row in page.rows]
        return views.ConversionPage(data=data, page=query.page, limit=query.limit, has_more=page.has_more)


def approve(call: Call, path: requests.ConversionPath, body: requests.Approval) -> views.ConversionBody:
    """Make a conversion's commissions payable now, also if it was rejected. A hold takes force and a reason."""
    with access.transaction(call.caller) as session:
        conversion = _find(session, call, path)
        return commands.approve(session, call.caller, conversion, call.cause(), reason=body.reason, force=body.force)


def reject(call: Call, path: requests.ConversionPath, body: requests.Rejection) -> views.ConversionBody:
    """Take back a conversion's unpaid commissions; only an approval revives them."""
    with access.transaction(call.caller) as session:
        return commands.reject(session, call.caller, _find(session, call, path), call.cause(), reason=body.reason)


def _find(session: Session, call: Call, path: requests.ConversionPath) -> Conversion:
    owners = call.caller.organization_ids
    return queries.get_conversion(session, owners, path.conversion_id, program_id=path.program_id)
