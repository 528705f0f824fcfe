"""Latency of a busy merchant's lists and statistics over HTTP, one request at a time."""

from datetime import date, timedelta
from http.client import HTTPConnection
from statistics import median, quantiles
from time import perf_counter
from typing import Any, Final, LiteralString

import psycopg

from app import ids
from app.runtime.stack import HOST
from bench.figures import Figure, bounded
from bench.installation import CODE, Installation, libpq_url

SAMPLES: Final = 200
WARM_UP_SAMPLES: Final = 20
TIMEOUT_SECONDS: Final = 60
MAX_MS: Final = 25
MONTH: Final = timedelta(days=30)


_PAST: Final = """
    SELECT to_char(min(recorded_at) + (max(recorded_at) - min(recorded_at)) * 0.6, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    FROM journal_entries
"""
"""A time in the middle of what was recorded."""


def measure(installation: Installation, port: int, commissions: int) -> list[Figure]:
    """Median and 95th percentile of typical requests with this number of commissions in the tables."""
    partner = _partner(installation)
    program = installation.merchant.program_id
    last = _last_day(installation)
    [past] = _row(installation, _PAST)
    month = f"from={last - MONTH + timedelta(days=1)}&to={last}"
    asked = {
        "a partner with its statistics": f"/api/v1/partners/{partner}",
        "a partner's commissions": f"/api/v1/partners/{partner}/commissions",
        "all commissions": "/api/v1/commissions",
        "a program's analytics": f"/v1/admin/affiliate/programs/{program}/analytics?{month}",
        "a partner's balance at a past date": f"/api/v1/partners/{partner}/balance?at={past}",
        "a partner's balance now": f"/api/v1/partners/{partner}/balance",
    }
    client = HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)
    headers = {"Authorization": f"Bearer {installation.merchant.api_key}"}
    figures = []
    for what, path in asked.items():
        name = f"{what} at {commissions:,} commissions"
        p50_ms, p95_ms = _percentiles_ms(client, path, headers)
        figures.append(Figure(f"{name}, median", p50_ms, "ms"))
        figures.append(bounded(f"{name}, 95th percentile", p95_ms, unit="ms", at_most=MAX_MS))
    name = f"the balances of all partners at a past date, at {commissions:,} commissions"
    path = f"/v1/admin/affiliate/programs/{program}/balances?at={past}"
    for what, taken_ms in zip(("median", "95th percentile"), _percentiles_ms(client, path, headers), strict=True):
        figures.append(Figure(f"{name}, {what}", taken_ms, "ms"))
    return figures


def _percentiles_ms(client: HTTPConnection, path: str, headers: dict[str, str]) -> tuple[float, float]:
    """The median and the 95th percentile. Raises RuntimeError if the answer is an error."""
    taken_ms = []
    for _ in range(WARM_UP_SAMPLES + SAMPLES):
        began = perf_counter()
        client.request("GET", path, headers=headers)
        answer = client.getresponse()
        body = answer.read()
        taken_ms.append(1000 * (perf_counter() - began))
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {body[:200]!r}")
    measured_ms = taken_ms[WARM_UP_SAMPLES:]
    return median(measured_ms), quantiles(measured_ms, n=20)[-1]


def _partner(installation: Installation) -> str:
    """The public id of the partner with the most commissions."""
    [partner_id] = _row(installation, "SELECT id FROM partners WHERE slug = %s", CODE)
    return ids.encode(ids.PARTNER, partner_id)


def _last_day(installation: Installation) -> date:
    [day] = _row(installation, "SELECT max(day) FROM commission_sums WHERE days = 1")
    assert isinstance(day, date)
    return day


def _row(installation: Installation, query: LiteralString, *parameters: str) -> Any:
    with psycopg.connect(libpq_url(installation.settings)) as connection:
        return connection.execute(query, parameters).fetchone()
