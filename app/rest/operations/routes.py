"""Routes for health, readiness, metrics and the checkout snippet; none needs an API key."""

import hmac
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from flask import Blueprint, Response, jsonify, request, send_file
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from app import db, jobs, metrics, writability
from app.client_addresses import is_trusted
from app.errors import Forbidden
from app.http import configured
from app.outbox import sending
from app.payouts.showing.queries import count_under_way
from app.runtime import schema_version
from app.stripe_events import inbox
from app.stripe_events.queries import count_parked
from app.version import VERSION

SNIPPET: Final = Path(__file__).resolve().parents[3] / "snippets" / "checkout.js"
FORWARDING: Final = frozenset({"Forwarded", "Via", "X-Real-Ip", "True-Client-Ip", "Cf-Connecting-Ip"})
"""Headers that proxies add."""
SNIPPET_SECONDS: Final = 3600
"""How long browsers may use the snippet without a request; after that its ETag is compared."""

WRITE_CHECK_SECONDS: Final = 5.0

_write_checks: WeakKeyDictionary[Engine, tuple[float, str | None]] = WeakKeyDictionary()

blueprint = Blueprint("operations", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """Health: the process answers, with its version."""
    return jsonify(status="ok", version=VERSION)


@blueprint.get("/readyz")
def ready() -> Response:
    """Readiness: the database answers, can write, and has this version's schema.

    The state of Redis is shown but not required, because without it events are stored and settled later.
    """
    database = _database_state()
    redis = "ok" if jobs.is_reachable() else "unreachable"
    is_ready = database == "ok"
    response = jsonify(status="ready" if is_ready else "not_ready", database=database, redis=redis)
    response.status_code = 200 if is_ready else 503
    return response


@blueprint.get("/metrics")
def figures() -> Response:
    """Metrics for Prometheus, for callers on this machine or with the token.

    Counters are read from Redis, where every process adds its own. The backlog is read from Postgres: the table of
    due events and a small index. The clock process measures the sum of the ledger.
    """
    _admit_to_metrics()
    with db.web_transaction() as session:
        oldest_seconds = inbox.oldest_due_seconds(session) or 0.0
        parked = count_parked(session)
        oldest_delivery_seconds = sending.oldest_due_seconds(session) or 0.0
        under_way = count_under_way(session)
    gauges = [
        metrics.gauge("accrual_oldest_due_event_age_seconds", "Wait of the oldest event due; 0: none.", oldest_seconds),
        metrics.gauge("accrual_parked_events", "Events that wait for a person.", parked),
        metrics.gauge(
            "accrual_oldest_due_delivery_age_seconds",
            "Wait of the oldest webhook due; 0: none.",
            oldest_delivery_seconds,
        ),
        metrics.gauges_by_label("accrual_payouts_under_way", "Payouts that have not ended.", "status", under_way),
    ]
    return Response(metrics.exposition(gauges), content_type="text/plain; version=0.0.4; charset=utf-8")


@blueprint.get("/checkout.js")
def snippet() -> Response:
    """The snippet that remembers through which partner's link a visitor arrived."""
    response = send_file(SNIPPET, mimetype="text/javascript", max_age=SNIPPET_SECONDS)
    response.headers["Access-Control-Allow-Origin"] = "*"  # so that a page can check it by an integrity hash
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _database_state() -> str:
    try:
        with db.web_engine().connect() as connection:
            return (_write_problem(connection) or "ok") if schema_version.is_current(connection) else "behind"
    except SQLAlchemyError:
        return "unreachable"


def _write_problem(connection: Connection) -> str | None:
    """Why the database cannot write, checked at most every few seconds, because a check writes a megabyte."""
    checked_at, problem = _write_checks.get(connection.engine, (float("-inf"), None))
    if time.monotonic() - checked_at >= WRITE_CHECK_SECONDS:
        problem = writability.write_problem(connection)
        _write_checks[connection.engine] = (time.monotonic(), problem)
    return problem


def _admit_to_metrics() -> None:
    token = configured.settings().metrics_token
    scheme, _, sent_token = request.headers.get("Authorization", "").partition(" ")
    if token is not None and scheme.lower() == "bearer":
        if hmac.compare_digest(sent_token.strip().encode(), token.get_secret_value().encode()):
            return
    elif _is_local():
        return
    raise Forbidden("/metrics needs ACCRUAL_METRICS_TOKEN as a bearer token")


def _is_local() -> bool:
    """Whether the caller is on this machine and is not a proxy.

    A proxy that adds no header cannot be distinguished from a caller. So if there may be a proxy on this machine,
    because the server has a public address or this machine is a trusted proxy, no caller counts as local.
    """
    settings = configured.settings()
    is_forwarded = any(name.startswith("X-Forwarded-") or name in FORWARDING for name, _ in request.headers)
    is_public = not _is_loopback(urlsplit(settings.public_url).hostname or "")
    caller_address = request.remote_addr or ""
    is_local = _is_loopback(caller_address) and not is_trusted(caller_address, settings.trusted_proxies)
    return is_local and not is_forwarded and not is_public


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
