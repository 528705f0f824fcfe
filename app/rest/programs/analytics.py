"""Routes for a program's figures, for its owner."""

from flask import Response, g

from app.commissions.analytics import views as shapes
from app.commissions.analytics.figures import analyse
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.programs.programs import get_program
from app.rest.programs import requests
from app.rest.programs.requests import ProgramPath

api = surface("Analytics", __name__, "What a program's partners earned, day by day.")


@api.get(
    "/v1/admin/affiliate/programs/<program_id>/analytics",
    security=needs("commissions:read"),
    responses={"200": shapes.AnalyticsBody, "404": ErrorBody},
)
def show_analytics(path: ProgramPath, query: requests.AnalyticsQuery) -> Response:
    """Totals, a daily series and a leaderboard; default: the last thirty days."""
    caller = g.caller
    with access.transaction(caller) as session:
        program = get_program(session, caller.organization_ids, path.program_id, default_of=caller.organization_id)
        figures = analyse(
            session, program, livemode=g.caller.livemode, first=query.first, last=query.last, leaders=query.leaders
        )
        return ViewResponse(shapes.analytics_body(program, figures))
