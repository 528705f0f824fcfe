"""The driver's own connection of each thread, for the one statement of a delivery.

What SQLAlchemy does around a statement costs more than this statement (decision 0036).
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from app import db

Connection = psycopg.Connection[Any]


class _Process:
    """The process that opened the connections. A child process has another id until its own hook here has run."""

    pid = os.getpid()


class _OfThread(threading.local):
    """The connection of a thread, and the engine that made it."""

    connection: Connection | None = None
    engine: Engine | None = None


_of_thread = _OfThread()
_open: WeakKeyDictionary[Engine, WeakSet[Connection]] = WeakKeyDictionary()
"""The connections of all threads, by the engine that made them."""


@contextmanager
def connection() -> Iterator[Connection]:
    """This thread's connection as `accrual_entry`: every statement is its own transaction.

    It stays open between calls. A broken one is replaced at the next call.

    Raises:
        DBAPIError: what the driver raised in the block.
    """
    engine = db.autocommit_engine()
    try:
        if _of_thread.engine is not engine or _of_thread.connection is None or _of_thread.connection.closed:
            _of_thread.connection, _of_thread.engine = _connect(engine), engine
        yield _of_thread.connection
    except psycopg.Error as failure:
        is_broken = _of_thread.connection is None or _of_thread.connection.broken
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
    return made


def _close_all(engine: Engine) -> None:
    # A child process shares its parent's sockets, and must neither use nor close them.
    for made in _open.get(engine, ()) if _Process.pid == os.getpid() else ():
        made.close()


def _forget_parents_connections() -> None:
    _open.clear()
    _of_thread.connection = None
    _Process.pid = os.getpid()


os.register_at_fork(after_in_child=_forget_parents_connections)
