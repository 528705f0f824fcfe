"""Events of the inbox with their outcome and story, and deliveries of outbound webhooks."""

from typing import Annotated

from flask import Response
from sqlalchemy.orm import Session

from app.explanations import events as explanations
from app.outbound import commands as outbound
from app.outbound import views as outbound_views
from app.outbox import deliveries as sent
from app.outbox.deliveries import DeliveryFilter
from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, Dated, Listing, asked, blueprint, links
from app.pages.signed_in import SignedIn
from app.sentences.outcomes import OUTCOMES
from app.stripe_events import queries, views
from app.views import OneOf

EVENT_OUTCOMES = (queries.UNPROCESSED, *OUTCOMES)


class EventQuery(Dated):
    """A filter of events."""

    outcome: Annotated[str, OneOf(EVENT_OUTCOMES)] | None = None
    type: str | None = None


class DeliveryQuery(Listing):
    """A filter of deliveries."""

    status: outbound_views.Status | None = None
    type: str | None = None
    endpoint_id: str | None = None


@blueprint.get("/events")
@signed_in.page("events:read")
def events(session: Session, who: SignedIn) -> Response:
    """Events, newest in the inbox first."""
    query = asked(EventQuery)
    page = queries.list_events(
        session,
        who.caller.organization_ids,
        queries.EventFilter(who.caller.livemode, query.outcome, query.type, query.span),
        limit=ROWS,
        starting_after=query.starting_after,
    )
    rows = [views.event_body(event) for event in page.rows]
    return layout.render(
        "console/events.html",
        who,
        asked=query,
        outcomes=EVENT_OUTCOMES,
        rows=rows,
        links=links(rows, has_more=page.has_more, cursor="inbox_id"),
    )


@blueprint.get("/events/<event_id>")
@signed_in.page("events:read")
def event(session: Session, who: SignedIn, event_id: str) -> Response:
    """An event: how it was processed, how it ended, and what it moved."""
    found = queries.get_event(session, who.caller.organization_ids, event_id)
    shown = explanations.explain_event(session, found, with_money=who.caller.may("commissions:read"))
    return layout.render("console/event.html", who, shown=shown)


@blueprint.get("/deliveries")
@signed_in.page("webhooks:read")
def deliveries(session: Session, who: SignedIn) -> Response:
    """Messages to webhook endpoints and postback URLs, newest first."""
    query = asked(DeliveryQuery)
    filters = DeliveryFilter(who.caller.livemode, sent.endpoint_id_of(query.endpoint_id), query.status, query.type)
    page = sent.list_deliveries(
        session, who.caller.organization_ids, filters, limit=ROWS, starting_after=query.starting_after
    )
    rows = [outbound_views.delivery_body(row) for row in page.rows]
    return layout.render(
        "console/deliveries.html",
        who,
        asked=query,
        rows=rows,
        links=links(rows, has_more=page.has_more),
    )


@blueprint.get("/deliveries/<delivery_id>")
@signed_in.page("webhooks:read")
def delivery(session: Session, who: SignedIn, delivery_id: str) -> Response:
    """A message, and every attempt with its answer."""
    row = sent.get_delivery(session, who.caller.organization_ids, delivery_id)
    return layout.render("console/delivery.html", who, shown=outbound.load_details(session, row))
