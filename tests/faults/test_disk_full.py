"""A full disk: readiness says so while writes fail, no event is blamed for it, and everything goes on by itself."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from app import db, jobs, writability
from app.rest.operations import routes
from app.runtime import embedded
from tests.conftest import Deliver, Drain, Servers

from .conftest import bring_forward
from .stories import assert_processed_once, customers, events_of, is_settled, unprocessed

FULL = """
    CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
    END $$;
    CREATE TRIGGER no_space BEFORE INSERT ON postings FOR EACH STATEMENT EXECUTE FUNCTION no_space()
"""
SWEEPS = 15


@pytest.fixture(autouse=True)
def always_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readiness looks at each request instead of every few seconds."""
    monkeypatch.setattr(routes, "WRITE_CHECK_SECONDS", 0.0)


def readiness(client: FlaskClient) -> tuple[int, str]:
    answer = client.get("/readyz")
    return answer.status_code, (answer.json or {})["database"]


def test_readiness_reports_a_full_disk(servers: Servers, database_url: str, client: FlaskClient) -> None:
    """Postgres refuses the space here by its own limit of temporary files, which needs no full disk."""
    name = make_url(database_url).database or ""
    assert readiness(client) == (200, "ok")
    try:
        servers.administer("ALTER DATABASE {} SET temp_file_limit = '64kB'", name)
        db.web_engine().dispose()
        assert readiness(client) == (503, "disk_full")
        assert client.get("/healthz").status_code == 200
    finally:
        servers.administer("ALTER DATABASE {} RESET temp_file_limit", name)
        db.web_engine().dispose()
    assert readiness(client) == (200, "ok")


def test_readiness_reports_a_read_only_database(
    servers: Servers, database_url: str, client: FlaskClient, webhook_path: str
) -> None:
    name = make_url(database_url).database or ""
    try:
        servers.administer("ALTER DATABASE {} SET default_transaction_read_only = on", name)
        db.web_engine().dispose()
        assert readiness(client) == (503, "read_only")
    finally:
        servers.administer("ALTER DATABASE {} RESET default_transaction_read_only", name)
        db.web_engine().dispose()


def test_no_event_uses_up_its_attempts_on_a_full_disk(
    deliver: Deliver, drain: Drain, owner: Engine, application: Flask
) -> None:
    copies = customers(2)
    deliver(events_of(copies))
    with owner.begin() as connection:
        connection.execute(text(FULL))
    for _ in range(SWEEPS):
        with suppress(DBAPIError):
            drain()
        assert jobs.crashed_in_progress(list(range(1, 100))) == []
    with owner.begin() as connection:
        attempts = set(connection.scalars(text("SELECT attempts FROM stripe_events")))
        connection.execute(text("DROP FUNCTION no_space CASCADE"))
    assert attempts == {0}
    assert unprocessed() != []
    drain()
    assert is_settled()
    assert_processed_once(copies)


def test_attempt_of_a_single_event_is_uncounted_on_a_full_disk(
    deliver: Deliver, drain: Drain, owner: Engine, application: Flask
) -> None:
    copies = customers(1)
    deliver(events_of(copies))
    with owner.begin() as connection:
        connection.execute(text("UPDATE stripe_events SET attempts = 1"))
        connection.execute(text(FULL))
    for _ in range(SWEEPS):
        bring_forward()
        with suppress(DBAPIError):
            drain()
    with owner.begin() as connection:
        waiting = connection.scalars(text("SELECT attempts FROM stripe_events WHERE processed_at IS NULL"))
        assert set(waiting) == {1}
        connection.execute(text("DROP FUNCTION no_space CASCADE"))
    bring_forward()
    drain()
    assert is_settled()
    assert_processed_once(copies)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 200 MB of the test's own."""
    place = Path(tempfile.mkdtemp(prefix="accrual-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        place.rmdir()
        pytest.skip("only root, where it may mount, can make a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)  # noqa: S607 - where it stands differs
    place.rmdir()


def test_full_disk_and_its_end_are_recognized(small_disk: Path) -> None:
    server = embedded.start_postgres(small_disk / "data", max_wal_size="64MB", min_wal_size="32MB")
    engine = db.create(server.url, role=None)
    try:
        with engine.connect() as connection:
            assert writability.write_problem(connection) is None
            fill(small_disk / "filler")
            assert writability.write_problem(connection) == "disk_full"
            assert connection.scalar(text("SELECT 1")) == 1
            (small_disk / "filler").unlink()
            connection.rollback()
            assert writability.write_problem(connection) is None
    finally:
        engine.dispose()
        server.stop()


def fill(filler: Path) -> None:
    opened = os.open(filler, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(opened, bytes(4096))
    os.close(opened)
