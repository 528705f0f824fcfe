"""Database connections of the test process, kept from one test to the next: a new one costs ten milliseconds of CPU."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Engine, QueuePool
from sqlalchemy.exc import DBAPIError

from app import db

_RESET: Final = "RESET ALL; SELECT pg_advisory_unlock_all()"


@dataclass
class Connections:
    """The engines that tests on each database have used, by the database's address."""

    _kept: dict[str, list[db._Connected | None]] = field(default_factory=dict)
    """The worker's and the web application's."""
    _pids: dict[str, list[int]] = field(default_factory=dict)

    def attach(self, url: str) -> None:
        """Let this process, which is connected to `url`, use the connections that an earlier test had there."""
        kept = self._kept.setdefault(url, [None, None])
        worker, web = (_chosen(*pair) for pair in zip(kept, (db._Current.worker, db._Current.web), strict=True))
        kept[:] = db._Current.worker, db._Current.web = worker, web

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


def _chosen(kept: db._Connected | None, current: db._Connected | None) -> db._Connected | None:
    if kept is None or kept is current:
        return current
    if current is not None:
        current.dispose()
    return kept


def _kept_pids(connected: db._Connected) -> Iterator[int]:
    """Close all connections of both engines but one each, which gets the settings it began with; gives their pids."""
    for engine in (connected.engine, connected.autocommit):
        pool = engine.pool
        assert isinstance(pool, QueuePool)
        if pool.checkedout() or pool.checkedin() > 1:
            engine.dispose()
        elif pool.checkedin():
            yield from _reset(engine)


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
