"""Minimal implementations that Accrual's receiver, links and jobs are compared with.

Gunicorn creates the applications by their names on its command line, with the settings it serves Accrual with.
"""

import json
import secrets
import threading
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

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
"""As in Accrual's inbox: compression would slow the bare route down by a tenth."""


def inserting(database_url: str, secret: str) -> Flask:
    """An application that verifies the signature and inserts the body: one statement, a connection per thread."""
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
    """An application that inserts a visit and redirects: one statement, a connection per thread, autocommit."""
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
    """An application that builds the library's event and enqueues a job for it, as most articles show."""
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
    """An empty job, which measures the cost of the queue alone."""


REFERRALS: Final = """
    CREATE TABLE IF NOT EXISTS bare_referrals (subscription text PRIMARY KEY, partner text NOT NULL, bps int NOT NULL);
    CREATE TABLE IF NOT EXISTS bare_commissions (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, invoice text NOT NULL UNIQUE, partner text NOT NULL,
        amount_minor bigint NOT NULL, currency text NOT NULL, paid_at timestamptz NOT NULL
    );
    CREATE INDEX IF NOT EXISTS ix_bare_commissions_partner ON bare_commissions (partner);
"""


def commission(database_url: str, body: str) -> None:
    """A job for a renewal, as most articles show it: read the referral, insert the commission, commit."""
    invoice: dict[str, Any] = json.loads(body)["data"]["object"]
    subscription = invoice["parent"]["subscription_details"]["subscription"]
    connection = _connection(database_url)
    with connection.transaction():
        query = "SELECT partner, bps FROM bare_referrals WHERE subscription = %s"
        referral = connection.execute(query, [subscription]).fetchone()
        if referral is None:
            return
        partner, bps = referral
        connection.execute(
            "INSERT INTO bare_commissions (invoice, partner, amount_minor, currency, paid_at) "
            "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (invoice) DO NOTHING",
            [
                invoice["id"],
                partner,
                invoice["total_excluding_tax"] * bps // 10_000,
                invoice["currency"],
                datetime.fromtimestamp(invoice["status_transitions"]["paid_at"], UTC),
            ],
        )


@cache
def _connection(database_url: str) -> psycopg.Connection:
    return psycopg.connect(database_url, autocommit=True)
