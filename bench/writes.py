"""What settling writes: bytes of write-ahead log, and entries of indexes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg

from bench.installation import Installation, libpq_url

_ROWS: Final = """
    SELECT relname, n_tup_ins + n_tup_upd - n_tup_hot_upd FROM pg_stat_user_tables WHERE schemaname = 'public'
"""
"""Row versions that every index of their table got an entry for; an update that is HOT writes none."""
_INDEXES: Final = """
    SELECT indrelid::regclass::text, coalesce(pg_get_expr(indpred, indrelid), 'true')
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    WHERE relnamespace = 'public'::regnamespace
"""


@dataclass
class Written:
    """Of the block that was counted; both are 0 until it ends."""

    wal_bytes: int = 0
    index_entries: int = 0


@contextmanager
def counted(installation: Installation) -> Iterator[Written]:
    """Count what is written in the block, by whatever process.

    A partial index counts by the rows that match its condition: those there are afterwards beyond those before. Pages
    that are logged whole because a checkpoint came before are counted as well: call it right after `inbox.tidy`, and
    the figure says what a busy hour's first minutes write.
    """
    written = Written()
    with psycopg.connect(libpq_url(installation.settings), autocommit=True) as connection:
        begun_at, rows, matching = _position(connection), _rows(connection), _matching(connection)
        yield written
        written.wal_bytes = _position(connection) - begun_at
        made = {table: number - rows.get(table, 0) for table, number in _rows(connection).items()}
        after = _matching(connection)
    for (table, condition), (indexes, number) in after.items():
        fresh = made.get(table, 0) if condition == "true" else max(0, number - matching[table, condition][1])
        written.index_entries += indexes * fresh


def _position(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint").fetchone()
    assert row is not None
    return int(row[0])


def _rows(connection: psycopg.Connection) -> dict[str, int]:
    connection.execute("SELECT pg_stat_force_next_flush()")
    connection.execute("SELECT pg_stat_clear_snapshot()")
    return dict(connection.execute(_ROWS).fetchall())


def _matching(connection: psycopg.Connection) -> dict[tuple[str, str], tuple[int, int]]:
    """By table and condition: how many indexes have it, and how many rows match it (0 where it is 'true')."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for table, condition in connection.execute(_INDEXES).fetchall():
        if (table, condition) in found:
            indexes, number = found[table, condition]
            found[table, condition] = (indexes + 1, number)
        else:
            found[table, condition] = (1, 0 if condition == "true" else _count(connection, table, condition))
    return found


def _count(connection: psycopg.Connection, table: str, condition: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchone()
    assert row is not None
    return int(row[0])
