"""A Valkey that may be killed, workers that may be killed, and a database that may be blocked."""

import logging
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
import redis
from flask import Flask
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Connection, Engine, text

from app import db, logs
from app.config import Settings
from app.runtime import embedded
from tests.servers import FAST_AND_FORGETFUL
from tests.stripe_stories.facts import Event
from tests.waiting import eventually

from .delivery import Post
from .processes import Staff

InboxRow = Callable[[Event], Any]
_numbers = count(1)

SAFE = FAST_AND_FORGETFUL | {"synchronous_commit": "on", "full_page_writes": "on"}
"""What was committed outlives a killed server; only a power cut could take it."""


@pytest.fixture
def holdback_days() -> int:
    """So long that the clock, which runs here, approves nothing in between."""
    return 36_500


class OwnServer:
    """A server of one test's own, which the test may stop."""

    def __init__(self, make: Callable[[], embedded.Server]) -> None:
        self._make = make
        self.start()

    def start(self) -> None:
        """Start it on its files."""
        self._server = self._make()

    def crash(self) -> None:
        self._server.crash()

    def is_running(self) -> bool:
        return self._server.is_running()

    def stop(self) -> None:
        if self.is_running():
            self._server.stop()


Own = TypeVar("Own", bound=OwnServer)


class Postgres(OwnServer):
    """What it has committed outlives a crash."""

    def __init__(self, directory: Path) -> None:
        super().__init__(lambda: embedded.start_postgres(directory, **SAFE))
        self.url = embedded.owner_url(directory)


class Valkey(OwnServer):
    """Empty whenever it is started."""

    def __init__(self, directory: Path) -> None:
        super().__init__(lambda: embedded.start_valkey(directory))
        self.url = embedded.valkey_url(directory)

    def suspend(self) -> None:
        """Stop it with SIGSTOP: it accepts connections and never answers."""
        os.kill(self._server.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self._server.pid, signal.SIGCONT)

    def stop(self) -> None:
        if self.is_running():
            self.resume()
        super().stop()

    @contextmanager
    def client(self) -> Iterator[redis.Redis]:
        with redis.Redis.from_url(self.url, retry=Retry(NoBackoff(), 0)) as client:
            yield client


@contextmanager
def running(kind: Callable[[Path], Own]) -> Iterator[Own]:
    """A server of this kind on a new directory; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="accrual-faults-") as directory:
        server = kind(Path(directory))
        yield server
        server.stop()


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with running(Valkey) as server:
        yield server


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with running(Postgres) as server:
        yield server


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """The test's own Valkey, which it may stop."""
    return valkey.url


@pytest.fixture
def post(application: Flask, webhook_path: str) -> Post:
    """Sends an event over HTTP and gives status and seconds."""
    return Post(application, webhook_path)


@pytest.fixture
def staff(settings: Settings, tmp_path: Path) -> Iterator[Staff]:
    environment = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "ACCRUAL_SECRET_KEY": settings.secret_key.get_secret_value(),
        "ACCRUAL_DATA_DIR": str(settings.data_dir),
        "ACCRUAL_LOG_FORMAT": "json",
        "ACCRUAL_OUTBOUND_ALLOW_PRIVATE": "true",
        "ACCRUAL_PAYOUTS_LIVE": str(settings.payouts_live),
    }
    staff = Staff(environment, tmp_path / "staff.log")
    yield staff
    staff.dismiss()


class PostingsLock:
    """A lock on the ledger's postings, which every batch waits for after it has claimed its events."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self) -> None:
        self._connection.execute(text("LOCK TABLE postings IN EXCLUSIVE MODE"))

    def other_inbox_locks(self) -> int:
        """How many locks other sessions hold on the inbox; a killed process keeps its own until Postgres notices."""
        others = "SELECT count(*) FROM pg_locks WHERE relation = 'stripe_events'::regclass AND pid <> pg_backend_pid()"
        return self._connection.scalar(text(others)) or 0

    def wait_out_deadlocks(self) -> None:
        """In a deadlock, let Postgres end the other session and not this one."""
        self._connection.execute(text("SET LOCAL deadlock_timeout = '1h'"))

    def also_lock(self, statement: str) -> None:
        """Run a statement that waits for another lock."""
        self._connection.execute(text(statement))

    def release(self) -> None:
        self._connection.rollback()

    def wait_until_blocking(self) -> None:
        """Return once a batch waits for this lock: its events are claimed, and nothing of it is committed."""
        eventually(lambda: self.waiting() > 0)

    def waiting(self) -> int:
        """How many sessions wait for it."""
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'postings'::regclass"
        return self._connection.scalar(text(waiting)) or 0


@pytest.fixture
def owner(database_url: str) -> Iterator[Engine]:
    """The database as its owner, who may do what the worker may not."""
    engine = db.create(database_url, role=None)
    yield engine
    engine.dispose()


@pytest.fixture
def postings_lock(owner: Engine) -> Iterator[PostingsLock]:
    with owner.connect() as connection:
        yield PostingsLock(connection)


@pytest.fixture
def inbox_row(database: Engine) -> InboxRow:
    """What the inbox holds of an event."""

    def inbox_row(event: Event) -> Any:
        with db.transaction() as session:
            query = text("""
                SELECT stripe_events.*, next_attempt_at FROM stripe_events LEFT JOIN due_events ON event_id = id
                WHERE stripe_id = :stripe_id
            """)
            return session.execute(query, {"stripe_id": event["id"]}).one()

    return inbox_row


def event_of_type(event_type: str) -> Event:
    """An event of a type that only tests know."""
    return {
        "id": f"evt_test_{next(_numbers)}",
        "object": "event",
        "api_version": "2025-11-17.clover",
        "created": 1_772_445_600,
        "data": {"object": {"id": "test_1", "object": "test", "email": "cleo.secret@example.com"}},
        "livemode": False,
        "type": event_type,
    }


def bring_forward() -> None:
    """Let the time pass that failed events wait."""
    with db.transaction() as session:
        session.execute(text("UPDATE due_events SET next_attempt_at = now()"))


class _Lines(logging.Handler):
    """Keeps the values of our own log lines."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.msg, dict):
            self.values.append(record.msg)


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    """Our own log lines of this process from here on, as their values."""
    # By a handler of the standard library's: structlog's own capture passes by loggers that earlier tests had made.
    logs.configure()
    lines = _Lines()
    logging.getLogger().addHandler(lines)
    yield lines.values
    logging.getLogger().removeHandler(lines)
