"""The receiver of Stripe's webhooks: checks the signature, stores the event, wakes a worker. 200 means "stored".

Requests reach it before Flask, because Flask would take more time than all other Python of a delivery (decision 0040).
If it cannot acknowledge a delivery, it passes the request to Flask with the exception, which the route raises. So
refusals of deliveries are returned, counted and logged as those of all routes.
"""

import logging
import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import structlog
from flask import Blueprint, Flask, Response, current_app, g, request
from werkzeug.wsgi import get_input_stream

from app import db, direct, ids, jobs, metrics
from app.errors import InvalidRequest, TooLarge, Unavailable
from app.stripe_events import envelope, inbox, signature
from app.stripe_events.endpoints.receivers import ReceiverCache, StripeReceiver

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY_BYTES: Final = 1024 * 1024
REFUSAL: Final = "accrual.refusal"
"""The key in the request's environment with the exception because of which a delivery is not acknowledged."""
ANSWER: Final = b'{"received":true}'
HEADERS: Final = [
    ("Content-Type", "application/json"),
    ("Content-Length", str(len(ANSWER))),
    ("X-Content-Type-Options", "nosniff"),
]
PATH: Final = "/webhooks/stripe"
_REST_OF_PATH: Final = re.compile(r"(?:/([^/]+))?")

blueprint = Blueprint("stripe_events", __name__)
log = structlog.get_logger(__name__)
_logger = logging.getLogger(__name__)


class Receiver:
    """The WSGI application at `PATH`: it acknowledges deliveries, and passes everything else on to Flask's."""

    def __init__(self, app: Flask) -> None:
        self._flask: WSGIApplication = app.wsgi_app
        self._extensions = app.extensions
        app.extensions["accrual_receiver"] = self

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request whose path begins with `PATH`, which is in SCRIPT_NAME."""
        path = _REST_OF_PATH.fullmatch(environ["PATH_INFO"])
        if path is None or environ["REQUEST_METHOD"] != "POST":
            return self._pass_on(environ, start_response)
        request_id = ids.of_request(environ.get("HTTP_X_REQUEST_ID", ""))
        try:
            self.receive(environ, path[1] or "", request_id)
        except Exception as refusal:  # noqa: BLE001 - the route raises it again
            environ[REFUSAL] = refusal
            return self._pass_on(environ, start_response)
        start_response("200 OK", [*HEADERS, ("X-Request-Id", request_id)])
        return (ANSWER,)

    def _pass_on(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ["SCRIPT_NAME"] = environ["SCRIPT_NAME"].removesuffix(PATH)
        environ["PATH_INFO"] = PATH + environ["PATH_INFO"]
        return self._flask(environ, start_response)

    def receive(self, environ: "WSGIEnvironment", endpoint_id: str, request_id: str) -> None:
        """Store one Stripe event and wake a worker. Raises the refusals that the route returns as responses."""
        body = _read_body(environ)
        receiver = self._receiver_of(endpoint_id)
        signature.verify(body, environ.get("HTTP_STRIPE_SIGNATURE"), receiver.secrets, now_seconds=time.time())
        event = envelope.parse(body)
        receipt = direct.run(inbox.insert_event, receiver, event, body)
        metrics.event_received(receipt.result)
        named = {"request_id": request_id, "stripe_event_id": event["id"], "type": event["type"]}
        if receipt.result == "different":
            log.warning("stripe_event_differs", endpoint_id=endpoint_id, **named)
        if receipt.is_due:
            jobs.wake_soon(jobs.DRAIN)
        if _logger.isEnabledFor(logging.DEBUG):
            log.debug("stripe_event_received", result=receipt.result, is_due=receipt.is_due, **named)

    def _receiver_of(self, endpoint_id: str) -> StripeReceiver:
        receivers: ReceiverCache = self._extensions["accrual_receivers"]
        receiver = receivers.cached(endpoint_id)
        if receiver is None:
            with db.web_transaction() as session:
                receiver = receivers.load(session, endpoint_id)
        if not receiver.secrets:
            raise Unavailable("This endpoint has no signing secret yet; add the one that Stripe shows.")
        return receiver


@blueprint.post(PATH)
@blueprint.post(f"{PATH}/<endpoint_id>")
def receive(endpoint_id: str = "") -> Response:
    """Store one Stripe event and wake a worker.

    Without an id the address means the default endpoint.

    Answers 200 if the event is stored, now or before; 400 if it is not signed by Stripe or not an event; 404 if there
    is no such endpoint; 413 if it is too large; 503 if it cannot be stored now, and Stripe delivers it again.
    """
    refusal: Exception | None = request.environ.pop(REFUSAL, None)
    if refusal is not None:
        raise refusal
    # Flask takes several slashes at the beginning of a path as one, so `//webhooks/stripe` is not seen before it.
    receiver: Receiver = current_app.extensions["accrual_receiver"]
    receiver.receive(request.environ, endpoint_id, g.request_id)
    return Response(ANSWER, headers=HEADERS)


def _read_body(environ: "WSGIEnvironment") -> str:
    # The stream cuts a body without Content-Length at the limit; one byte more shows that it is longer than allowed.
    body = get_input_stream(environ, max_content_length=MAX_BODY_BYTES + 1).read()
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge("A Stripe event is never larger than 1 MiB.")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("The body is not UTF-8.") from None
