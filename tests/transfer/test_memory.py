"""The memory of an export and a restoration does not grow with the number of rows."""

import tempfile
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app import config, db
from app.config import Settings
from app.organizations.actors import CLI
from app.transfer.exports import commands, writing
from app.transfer.exports.reading import Archive
from app.transfer.exports.restoring import restore
from tests.cast import Merchant

from .conftest import Lose

NOW = datetime(2026, 11, 29, tzinfo=UTC)
MOST_BYTES = 8 * 1024**2
ROWS = {False: 2_500, True: 30_000}
"""Events of 4 kB, and as many rows of evidence: 11 MB as text, or twelve times as much."""

_EVENTS = text("""
    INSERT INTO stripe_events (organization_id, livemode, stripe_id, type, occurred_at, payload, processed_at, outcome)
    SELECT :owner, false, 'evt_' || n, 'invoice.paid', now(), repeat(md5(n::text), 128), now(), 'no_change'
    FROM generate_series(1, :rows) AS n
""")
_EVIDENCE = text("""
    INSERT INTO evidence (id, organization_id, account, livemode, object_id, carrier, name, field_path, stripe_event_id,
                          evident_at)
    SELECT gen_random_uuid(), :owner, '', false, 'in_' || n, 'invoice_metadata', 'ada', 'data.object.metadata',
           'evt_' || n, now()
    FROM generate_series(1, :rows) AS n
""")


@pytest.fixture
def rows(request: pytest.FixtureRequest) -> int:
    return ROWS[bool(request.config.getoption("--proofs"))]


@pytest.mark.proof
def test_memory_does_not_grow_with_the_rows(
    merchant: Merchant, settings: Settings, lose_everything: Lose, rows: int
) -> None:
    with db.transaction() as session:
        for statement in (_EVENTS, _EVIDENCE):
            session.execute(statement, {"owner": merchant.organization_id, "rows": rows})
    owner = db.create(config.migrate_url(settings), role=None, pool_size=1)
    with tempfile.TemporaryFile() as file:

        def export() -> None:
            with db.transaction() as session:
                writing.read_once(session)
                plan = commands.of_installation(session, livemode=None, passphrase=None, at=NOW)
                writing.write(session, file, plan)

        def bring_back() -> None:
            with Archive.opened(file) as archive, db.Session(owner) as session, session.begin():
                restore(session, CLI, archive, settings, at=NOW)

        assert peak_of(export) < MOST_BYTES
        lose_everything()
        assert peak_of(bring_back) < MOST_BYTES
    owner.dispose()
    with db.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM stripe_events")) == rows


def peak_of(work: Callable[[], None]) -> int:
    """The most bytes that Python held more than before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
