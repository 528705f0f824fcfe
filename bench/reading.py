"""Latency of a busy merchant's lists and statistics over HTTP, one request at a time."""

from http.client import HTTPConnection
from statistics import quantiles
from time import perf_counter
from typing import Final

import psycopg

from app import ids
from app.runtime.stack import HOST
from bench import million
from bench.figures import Figure, bounded
from bench.installation import CODE, Installation, libpq_url

SAMPLES: Final = 200
WARM_UP_SAMPLES: Final = 20
TIMEOUT_SECONDS: Final = 60
MAX_MS: Final = 25


def measure(installation: Installation, port: int, commissions: int) -> list[Figure]:
    """The 95th percentiles of typical requests with this number of commissions in the tables."""
    million.fill(installation, commissions)
    partner = _partner(installation)
    program = installation.merchant.program_id
    asked = {
        "a partner with its statistics": f"/api/v1/partners/{partner}",
        "a partner's commissions": f"/api/v1/partners/{partner}/commissions",
        "all commissions": "/api/v1/commissions",
        "a program's analytics": f"/v1/admin/affiliate/programs/{program}/analytics",
    }
    client = HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)
    headers = {"Authorization": f"Bearer {installation.merchant.api_key}"}
    return [
        bounded(
            f"{what} at {commissions:,} commissions, 95th percentile",
            _p95_ms(client, path, headers),
            unit="ms",
            at_most=MAX_MS,
        )
        for what, path in asked.items()
    ]


def _p95_ms(client: HTTPConnection, path: str, headers: dict[str, str]) -> float:
    taken_ms = []
    for _ in range(WARM_UP_SAMPLES + SAMPLES):
        began = perf_counter()
        client.request("GET", path, headers=headers)
        answer = client.getresponse()
        body = answer.read()
        taken_ms.append(1000 * (perf_counter() - began))
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {body[:200]!r}")
    return quantiles(taken_ms[WARM_UP_SAMPLES:], n=20)[-1]


def _partner(installation: Installation) -> str:
    with psycopg.connect(libpq_url(installation.settings)) as connection:
        row = connection.execute("SELECT id FROM partners WHERE slug = %s", [CODE]).fetchone()
    assert row is not None
    return ids.encode(ids.PARTNER, row[0])
