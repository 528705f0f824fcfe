"""Redirects of a partner's link per second, each with a stored touchpoint."""

from contextlib import ExitStack
from typing import Final

import psycopg
from sqlalchemy import text

from app import db
from bench import load, receivers, web
from bench.figures import Figure, compared
from bench.installation import CODE, Installation, libpq_url

REQUESTS: Final = 2_500
"""Requests to each server in each round."""
WARM_UP_REQUESTS: Final = 500
LANDING: Final = "https://shop.example.com/"
FOUND: Final = b"HTTP/1.1 302"


def measure(installation: Installation, *, rounds: int) -> list[Figure]:
    """Accrual's link compared with a bare route that inserts a row and redirects, in turns."""
    database_url = libpq_url(installation.settings)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(receivers.VISITS)
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET landing_url = :landing"), {"landing": LANDING})
    directory = installation.settings.data_dir
    with ExitStack() as stack:
        ours = stack.enter_context(web.served("app.web:create_app()", directory))
        bare = stack.enter_context(web.served(f"bench.receivers:redirecting({database_url!r})", directory))
        rates: dict[int, list[float]] = {ours: [], bare: []}
        for port in rates:
            _follow(port, WARM_UP_REQUESTS)
        for _ in range(rounds):
            for port, measured in rates.items():
                measured.append(_follow(port, REQUESTS))
    return [compared("visits led on, beside INSERT + redirect", rates[ours], rates[bare], unit="/s", at_least=0.5)]


def _follow(port: int, visitors: int) -> float:
    """Let this number of new visitors follow the link; returns visitors per second."""
    return load.send(port, [load.visit(f"/r/{CODE}", visitor) for visitor in range(visitors)], answered=FOUND).rate
