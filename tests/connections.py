"""Database connections of the test process, kept from one test to the next: a new one costs ten milliseconds of CPU."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import psycopg
import pytest
from sqlalchemy import Engine, QueuePool
from sqlalchemy.exc import DBAPIError

from app import db, direct

_RESET: Final = "RESET ALL; SELECT pg_advisory_unlock_all()"


@dataclass
class Connections:
    """The engines that tests on each database have used, by the database's address."""

    _kept: dict[str, list[db._Connected | None]] = field(default_factory=dict)
    """The worker's and the web application's."""
    _pids: dict[str, list[int]] = field(default_factory=dict)

    def attach(self, url: str) -> None:
        """Connect this process to `url`, with the connections that an earlier test had there, else with new ones."""
        worker, web = self._kept.get(url, [None, None])
        db._Current.worker = db._Current.web = None
        if worker is None:
            db.connect(url)
        if web is None:
            db.connect_web(url)
        db._Current.worker = worker or db._Current.worker
        db._Current.web = web or db._Current.web
        self._kept[url] = [db._Current.worker, db._Current.web]

    @contextmanager
    def web_kept(self) -> Iterator[None]:
        """Let `db.connect_web` in the block keep the connections of `attach`."""
        web, db._Current.web = db._Current.web, None
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(db, "_connected", lambda *_: web)
            yield

    def detach(self, url: str) -> None:
        """Disconnect this process; what a test connected itself is closed, what can be used again is kept."""
        kept = self._kept.pop(url, [None, None])
        current = [db._Current.worker, db._Current.web]
        db._Current.worker = db._Current.web = None
        for connected in current:
            if connected is not None and connected not in kept:
                connected.dispose()
        self._kept[url] = [connected if connected in current else None for connected in kept]
        self._pids[url] = [pid for connected in self._kept[url] if connected for pid in _kept_pids(connected)]

    def pids(self, url: str) -> list[int]:
        """The server processes of the idle connections that are kept to `url`."""
        return self._pids.get(url, [])

    def forget(self, url: str) -> None:
        """Close the connections that are kept to `url`."""
        self._pids.pop(url, None)
        for connected in self._kept.pop(url, []):
            if connected is not None:
                connected.dispose()


def _kept_pids(connected: db._Connected) -> Iterator[int]:
    """Give the only connection of each engine the settings it began with, close the others; gives the pids of the kept.

    The connection that this thread delivers with is kept as well.
    """
    for engine in (connected.engine, connected.autocommit):
        pool = engine.pool
        assert isinstance(pool, QueuePool)
        if pool.checkedout() or pool.checkedin() > 1:
            engine.dispose()
        elif pool.checkedin():
            yield from _reset(engine)
    yield from _reset_direct(connected.autocommit)


def _reset(engine: Engine) -> Iterator[int]:
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(_RESET)
            connection.commit()
            raw = connection.connection.dbapi_connection
            assert raw is not None
            pid = raw.info.backend_pid
    except DBAPIError:  # a test ended the session
        engine.dispose()
    else:
        yield pid


def _reset_direct(engine: Engine) -> Iterator[int]:
    """Keep this thread's own connection for deliveries, close those of other threads."""
    for made in list(direct._open.get(engine, ())):
        if made is not direct._of_thread.connection:
            made.close()
        elif not made.closed:
            try:
                made.execute(_RESET)
            except psycopg.Error:  # a test ended the session
                made.close()
            else:
                yield made.info.backend_pid
