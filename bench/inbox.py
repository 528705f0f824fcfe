"""Inserts events directly into the inbox, because the receiver is measured by another benchmark."""

import time
from collections.abc import Iterable
from typing import Final

import psycopg

from app import db, ids
from app.stripe_events.inbox import oldest_due_seconds
from bench.documents import Template
from bench.installation import Installation, libpq_url

PATIENCE_SECONDS: Final = 180
COPY: Final = """
    COPY stripe_events (organization_id, livemode, stripe_id, api_version, type, object_id, occurred_at, payload)
    FROM STDIN
"""
MAKE_DUE: Final = """
    INSERT INTO due_events (event_id, organization_id, livemode)
    SELECT id, organization_id, livemode FROM stripe_events WHERE processed_at IS NULL ORDER BY id
    ON CONFLICT DO NOTHING
"""


def fill(installation: Installation, events: Iterable[Template]) -> None:
    """Insert `events`, all due now."""
    organization_id = ids.decode(installation.merchant.organization_id, ids.ORGANIZATION)
    with psycopg.connect(libpq_url(installation.settings)) as connection, connection.cursor().copy(COPY) as copy:
        for event in events:
            copy.write_row(
                (
                    organization_id,
                    False,
                    event.stripe_id,
                    event.api_version,
                    event.type,
                    event.object_id,
                    event.occurred_at,
                    event.body,
                )
            )
    with psycopg.connect(libpq_url(installation.settings)) as connection:
        connection.execute(MAKE_DUE)


def tidy(installation: Installation) -> None:
    """Vacuum and analyze all tables, as autovacuum would have done in the time that so many rows usually take."""
    with psycopg.connect(libpq_url(installation.settings), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def await_settled() -> None:
    """Return once no event is due. Raises RuntimeError after `PATIENCE_SECONDS`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with db.transaction() as session:
            if oldest_due_seconds(session) is None:
                return
        time.sleep(0.2)
    raise RuntimeError(f"events were still due after {PATIENCE_SECONDS} seconds")
