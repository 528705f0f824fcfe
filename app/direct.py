"""The driver's own connection of each thread, for the one statement of a delivery.

What SQLAlchemy does around a statement costs more than this statement (decision 0036).
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from app import db

Connection = psycopg.Connection[Any]


class _OfThread(threading.local):
    """The connection of a thread, with the engine and the process that made it."""

    connection: Connection | None = None
    engine: Engine | None = None
    pid: int = 0


_of_thread = _OfThread()


@contextmanager
def connection() -> Iterator[Connection]:
    """This thread's connection as `accrual_entry`: every statement is its own transaction.

    It stays open between calls. A broken one is replaced at the next call.

    Raises:
        DBAPIError: what the driver raised in the block.
    """
    engine = db.autocommit_engine()
    # Not a parent process's connection: a child shares its socket, and must neither use nor close it.
    is_mine = _of_thread.engine is engine and _of_thread.pid == os.getpid()
    try:
        if not is_mine or _of_thread.connection is None or _of_thread.connection.closed:
            _of_thread.connection = _connect(engine)
            _of_thread.engine, _of_thread.pid = engine, os.getpid()
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
    _close_with(engine, made)
    return made


def _close_with(engine: Engine, made: Connection) -> None:
    """Close the connection when `engine` is disposed of in this process."""
    found, pid = WeakSet([made]), os.getpid()

    def close(_engine: Engine) -> None:
        for one in found if pid == os.getpid() else ():
            one.close()

    event.listen(engine, "engine_disposed", close)
