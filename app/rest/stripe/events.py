"""Routes for events of the inbox: list and replay. `rest.ledger` has the explanation of an event."""

from flask import Response, g

from app import jobs
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.rest.stripe import requests
from app.stripe_events import queries, replaying, views

api = surface("Events", __name__, "The events Stripe sent, and their outcomes.")


@api.get("/api/v1/events", security=needs("events:read"), responses={"200": views.EventPage, "404": ErrorBody})
def list_events(query: requests.EventQuery) -> Response:
    """Events, newest in the inbox first."""
    with access.transaction(g.caller) as session:
        page = queries.list_events(
            session,
            g.caller.organization_ids,
            queries.EventFilter(g.caller.livemode, query.outcome, query.type, query.span),
            limit=query.limit,
            page=query.page,
            starting_after=query.starting_after,
        )
        data = [views.event_body(event) for event in page.rows]
    return ViewResponse(views.EventPage(data=data, page=query.page, limit=query.limit, has_more=page.has_more))


@api.post(
    "/api/v1/events/<event_id>/replay",
    security=needs("events:write"),
    responses={"200": views.EventBody, "404": ErrorBody},
)
def replay_event(path: requests.EventPath) -> Response:
    """Process an event again as if it had just arrived; only a difference is posted."""
    with access.transaction(g.caller) as session:
        event = queries.get_event(session, g.caller.organization_ids, path.event_id)
        body = replaying.replay(session, g.caller, event)
    jobs.wake(jobs.DRAIN)
    return ViewResponse(body)
