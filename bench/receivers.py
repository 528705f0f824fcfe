"""What Accrual's receiver is compared with: the two that people write, as bare as they can be.

Gunicorn makes them by their addresses in its command line, with the settings it serves Accrual with.
"""

import threading
from typing import Final

import psycopg
import redis
import stripe
from flask import Flask, request
from rq import Queue

QUEUE: Final = "bare"
SIGNATURE: Final = "Stripe-Signature"
TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS bare_events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL)"
)
STORAGE: Final = "ALTER TABLE bare_events ALTER COLUMN body SET STORAGE EXTERNAL"
"""As Accrual keeps its payloads: compressing them would cost the bare route a tenth."""


def inserting(database_url: str, secret: str) -> Flask:
    """Verifies the signature and inserts the body: one statement, one connection a thread, autocommit."""
    app = Flask(__name__)
    local = threading.local()

    @app.post("/webhook")
    def receive() -> str:
        body = request.get_data(as_text=True)
        stripe.WebhookSignature.verify_header(body, request.headers[SIGNATURE], secret, tolerance=300)
        if not hasattr(local, "connection"):
            local.connection = psycopg.connect(database_url, autocommit=True)
        local.connection.execute("INSERT INTO bare_events (body) VALUES (%s)", [body])
        return "ok"

    return app


def enqueuing(redis_url: str, secret: str) -> Flask:
    """Builds the library's event and enqueues one job for it: what most articles show."""
    app = Flask(__name__)
    queue = Queue(QUEUE, connection=redis.Redis.from_url(redis_url))

    @app.post("/webhook")
    def receive() -> str:
        body = request.get_data(as_text=True)
        stripe.Webhook.construct_event(body, request.headers[SIGNATURE], secret)
        queue.enqueue("bench.receivers.do_nothing", body)
        return "ok"

    return app


def do_nothing(*_arguments: object) -> None:
    """The job of those who only want to know what a queue costs."""
