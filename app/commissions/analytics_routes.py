"""A program's figures, for its owner."""

from flask import Response, g

from app.api.errors import ErrorBody
from app.api.surfaces import answer, needs, surface
from app.commissions import analytics_shapes as shapes
from app.commissions.analytics import analyse
from app.organizations import access
from app.partners.program_shapes import ProgramPath
from app.partners.programs import get_program

api = surface("Analytics", __name__, "What a program's partners earned, day by day.")


@api.get(
    "/v1/admin/affiliate/programs/<program_id>/analytics",
    security=needs("commissions:read"),
    responses={"200": shapes.AnalyticsBody, "404": ErrorBody},
)
def show_analytics(path: ProgramPath, query: shapes.AnalyticsQuery) -> Response:
    """Totals, a daily series and a leaderboard; the last thirty days unless said otherwise."""
    caller = g.caller
    with access.transaction(caller) as session:
        program = get_program(session, caller.organization_ids, path.program_id, default_of=caller.organization_id)
        found = analyse(session, program, first=query.first, last=query.last, leaders=query.leaders)
        return answer(shapes.analytics_body(program, found))
