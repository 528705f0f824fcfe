"""What Accrual's receiver and links are compared with: what people write, as bare as it can be.

Gunicorn makes them by their addresses in its command line, with the settings it serves Accrual with.
"""

import secrets
import threading
from typing import Final

import psycopg
import redis
import stripe
from flask import Flask, Response, request
from rq import Queue

QUEUE: Final = "bare"
SIGNATURE: Final = "Stripe-Signature"
TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS bare_events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL)"
)
VISITS: Final = (
    "CREATE TABLE IF NOT EXISTS bare_visits (session_id text PRIMARY KEY, code text NOT NULL, referrer text, "
    "visited_at timestamptz NOT NULL DEFAULT now())"
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


def redirecting(database_url: str) -> Flask:
    """Inserts the visit and redirects: one statement, one connection a thread, autocommit."""
    app = Flask(__name__)
    local = threading.local()

    @app.get("/r/<code>")
    def follow(code: str) -> Response:
        if not hasattr(local, "connection"):
            local.connection = psycopg.connect(database_url, autocommit=True)
        session_id = request.cookies.get("session") or secrets.token_hex(16)
        local.connection.execute(
            "INSERT INTO bare_visits (session_id, code, referrer) VALUES (%s, %s, %s)",
            [session_id, code, request.referrer],
        )
        location = f"https://shop.example.com/?ref={code}&session={session_id}"
        response = Response(status=302, headers={"Location": location})
        response.set_cookie("session", session_id)
        return response

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
