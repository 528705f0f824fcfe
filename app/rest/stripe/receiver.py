"""The receiver of Stripe's webhooks: checks the signature, stores the event, wakes a worker. 200 means "stored"."""

import time
from collections.abc import Mapping
from typing import Any, Final

import structlog
from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import DBAPIError

from app import db, direct, jobs, metrics
from app.errors import InvalidRequest, TooLarge, Unavailable
from app.stripe_events import envelope, inbox, signature
from app.stripe_events.endpoints.receivers import ReceiverCache, StripeReceiver

MAX_BODY_BYTES: Final = 1024 * 1024

blueprint = Blueprint("stripe_events", __name__)
log = structlog.get_logger(__name__)


@blueprint.post("/webhooks/stripe")
@blueprint.post("/webhooks/stripe/<endpoint_id>")
def receive(endpoint_id: str = "") -> Response:
    """Store one Stripe event and wake a worker.

    Without an id the address means the default endpoint.

    Answers 200 if the event is stored, now or before; 400 if it is not signed by Stripe or not an event; 404 if there
    is no such endpoint; 413 if it is too large; 503 if it cannot be stored now, and Stripe delivers it again.
    """
    body = _read_body()
    receiver = _receiver_of(endpoint_id)
    signature.verify(body, request.headers.get("Stripe-Signature"), receiver.secrets, now_seconds=time.time())
    event = envelope.parse(body)
    receipt = _store(receiver, event, body)
    metrics.event_received(receipt.result)
    if receipt.result == "different":
        log.warning("stripe_event_differs", stripe_event_id=event["id"], type=event["type"], endpoint_id=endpoint_id)
    if receipt.is_due:
        jobs.wake_soon(jobs.DRAIN)
    log.debug(
        "stripe_event_received",
        stripe_event_id=event["id"],
        type=event["type"],
        result=receipt.result,
        is_due=receipt.is_due,
    )
    return Response('{"received":true}', mimetype="application/json")


def _read_body() -> str:
    # Flask cuts a body without Content-Length at the limit; one byte more shows that it is longer than allowed.
    request.max_content_length = MAX_BODY_BYTES + 1
    body = request.get_data(cache=False)
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge("A Stripe event is never larger than 1 MiB.")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("The body is not UTF-8.") from None


def _receiver_of(endpoint_id: str) -> StripeReceiver:
    receivers: ReceiverCache = current_app.extensions["accrual_receivers"]
    receiver = receivers.cached(endpoint_id)
    if receiver is None:
        with db.web_transaction() as session:
            receiver = receivers.load(session, endpoint_id)
    if not receiver.secrets:
        raise Unavailable("This endpoint has no signing secret yet; add the one that Stripe shows.")
    return receiver


def _store(receiver: StripeReceiver, event: Mapping[str, Any], body: str) -> inbox.Receipt:
    """Store the event; if the thread's connection is broken, try once more on a new one.

    Checking the connection before each use would cost every request a round trip; a repeated INSERT stores nothing.
    """
    for is_last in (False, True):
        try:
            with direct.connection() as connection:
                return inbox.insert_event(connection, receiver, event, body)
        except DBAPIError as failure:
            if is_last or not failure.connection_invalidated:
                raise
    raise AssertionError("the last try returns or raises")
