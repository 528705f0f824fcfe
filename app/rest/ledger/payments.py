"""Routes for payments, and for what waits for an answer from Stripe."""

from flask import Response, g
from sqlalchemy.orm import Session

from app import jobs
from app.http import csv_lists
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.paging import Page
from app.payments import queries, views
from app.payments.models import Payment
from app.payments.waiting import views as waiting_shapes
from app.payments.waiting import waiting_list
from app.rest.ledger import requests
from app.stripe_sync import commands

api = surface("Payments", __name__, "Payments, with the Stripe objects that belong to each.")


@api.get(
    "/api/v1/payments",
    security=needs("payments:read"),
    responses={"200": views.PaymentPage},
    openapi_extensions=csv_lists.documented(views.PaymentBody),
)
def list_payments(query: requests.PaymentQuery) -> Response:
    """Payments, newest first; with `attributed=false` only those credited to no partner."""
    return csv_lists.respond(
        query,
        views.PaymentBody,
        _payments,
        lambda _, rows: [views.payment_body(payment) for payment in rows],
        lambda _, page, bodies: views.PaymentPage(
            data=list(bodies), page=query.page, limit=query.limit, has_more=page.has_more
        ),
    )


@api.get("/api/v1/waiting", security=needs("payments:read"), responses={"200": waiting_shapes.WaitingPage})
def list_waiting(query: requests.WaitingQuery) -> Response:
    """Events, payments and customers about which something is not known yet, newest first."""
    with access.transaction(g.caller) as session:
        page = waiting_list.list_waiting(
            session,
            g.caller.organization_ids,
            livemode=g.caller.livemode,
            limit=query.limit,
            page=query.page,
            starting_after=query.starting_after,
        )
    data = [waiting_shapes.waiting_body(row) for row in page.rows]
    return ViewResponse(
        waiting_shapes.WaitingPage(data=data, page=query.page, limit=query.limit, has_more=page.has_more)
    )


@api.post("/api/v1/waiting/ask-again", security=needs("events:write"), responses={"200": waiting_shapes.AskedAgain})
def ask_again() -> Response:
    """Repeat all look-ups that were given up or postponed, for example after a key was corrected."""
    with access.transaction(g.caller) as session:
        count = commands.ask_again(session, g.caller, g.caller.organization_ids, livemode=g.caller.livemode)
    jobs.wake(jobs.LOOK_UPS)
    return ViewResponse(waiting_shapes.AskedAgain(look_ups=count))


def _payments(session: Session, query: requests.PaymentQuery) -> Page[Payment]:
    return queries.list_payments(
        session,
        g.caller.organization_ids,
        queries.PaymentFilter(g.caller.livemode, query.outcome, query.attributed, query.conflict, query.span),
        query,
        limit=query.limit,
    )
