"""The driver's own connection of each thread, for the one statement of a delivery or of a visit through a link.

What SQLAlchemy and the driver's cursor do around such a statement costs more than the statement (decision 0040).
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from datetime import datetime
from itertools import count
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast
from uuid import UUID
from weakref import WeakKeyDictionary, WeakSet

import psycopg
from psycopg import errors
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import namedtuple_row
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from app import db
from app.immutable import immutable

P = ParamSpec("P")
T = TypeVar("T")
Value = str | bool | int | UUID | datetime | None
_numbers = count(1)


class Statement:
    """A statement that writes, with its values as `$1`, `$2`, …; each connection prepares it once."""

    def __init__(self, sql: str) -> None:
        self.sql: Final = sql.encode()
        self.name: Final = f"accrual_{next(_numbers)}".encode()


@immutable
class Connection:
    """A driver connection in which every statement is its own transaction."""

    driver: psycopg.Connection[Any]
    _prepared: set[bytes] = field(default_factory=set)

    def execute(self, statement: Statement, *values: Value) -> int:
        """Execute a statement that writes, without the driver's cursor.

        Returns:
            How many rows it returned, or without any how many it wrote.

        Raises:
            psycopg.Error: it failed; nothing was written, or the connection broke and it is unknown.
        """
        server = self.driver.pgconn
        if statement.name not in self._prepared:
            prepared = server.prepare(statement.name, statement.sql)
            if prepared.status != ExecStatus.COMMAND_OK:
                raise _failure(prepared)
            self._prepared.add(statement.name)
        encoded = list(map(_encoded, values))
        result = server.exec_prepared(statement.name, cast("list[bytes]", encoded))  # None is NULL
        if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
            raise _failure(result)
        return result.command_tuples or 0

    def fetch(self, query: str, values: Mapping[str, object]) -> list[Any]:
        """The rows of a query with its values as `%(name)s`, as named tuples. Raises psycopg.Error."""
        with self.driver.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(query.encode(), values).fetchall()


def _failure(result: PGresult) -> psycopg.Error:
    if result.error_field(DiagnosticField.SQLSTATE) is None:  # libpq says it, not the server
        return psycopg.OperationalError(result.get_error_message())
    return errors.error_from_result(result)


def _encoded(value: Value) -> bytes | None:
    """A value in Postgres's text format. Raises DataError for text that Postgres cannot store."""
    if value is None:
        return None
    if isinstance(value, str):
        if "\0" in value:  # libpq would end the value there
            raise psycopg.DataError("PostgreSQL text cannot contain NUL (0x00) bytes")
        return value.encode()
    return str(value).encode()


class _Process:
    """The process that opened the connections.

    After a fork, the child still has its parent's id here when `app.db` disposes the engines: then nothing is closed.
    """

    pid = os.getpid()


class _OfThread(threading.local):
    """The connection of a thread, and the engine that made it."""

    connection: Connection | None = None
    engine: Engine | None = None


_of_thread = _OfThread()
_open: WeakKeyDictionary[Engine, WeakSet[psycopg.Connection[Any]]] = WeakKeyDictionary()
"""The connections of all threads, by the engine that made them."""


def run(work: Callable[Concatenate[Connection, P], T], *arguments: P.args, **named: P.kwargs) -> T:
    """Call `work` with this thread's connection; if the connection is broken, once more with a new one.

    So calling `work` twice must have the effect of calling it once. Checking the connection before each use would
    cost every request a round trip.

    Raises:
        DBAPIError: what the driver raised.
    """
    try:
        with connection() as first:
            return work(first, *arguments, **named)
    except DBAPIError as failure:
        if not failure.connection_invalidated:
            raise
    with connection() as second:
        return work(second, *arguments, **named)


@contextmanager
def connection() -> Iterator[Connection]:
    """This thread's connection as `accrual_entry`: every statement is its own transaction.

    It stays open between calls. A broken one is replaced at the next call.

    Raises:
        DBAPIError: what the driver raised in the block.
    """
    engine = db.autocommit_engine()
    try:
        if _of_thread.engine is not engine or _of_thread.connection is None or _of_thread.connection.driver.closed:
            _of_thread.connection, _of_thread.engine = _connect(engine), engine
        yield _of_thread.connection
    except psycopg.Error as failure:
        is_broken = _of_thread.connection is None or _of_thread.connection.driver.broken
        raise DBAPIError.instance(
            None, None, failure, psycopg.Error, hide_parameters=True, connection_invalidated=is_broken
        ) from failure


def _connect(engine: Engine) -> Connection:
    pooled = engine.raw_connection()
    made = pooled.driver_connection
    pooled.detach()
    assert isinstance(made, psycopg.Connection)
    if engine not in _open:
        _open[engine] = WeakSet()
        event.listen(engine, "engine_disposed", _close_all)
    _open[engine].add(made)
    return Connection(made)


def _close_all(engine: Engine) -> None:
    # A child process shares its parent's sockets, and must neither use nor close them.
    for made in _open.get(engine, ()) if _Process.pid == os.getpid() else ():
        made.close()


def _forget_parents_connections() -> None:
    _open.clear()
    _of_thread.connection = None
    _Process.pid = os.getpid()


os.register_at_fork(after_in_child=_forget_parents_connections)
