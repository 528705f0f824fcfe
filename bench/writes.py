"""Counts what settling writes: bytes of write-ahead log, and index entries."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg

from bench.installation import Installation, libpq_url

_ROWS: Final = """
    SELECT relname, n_tup_ins + n_tup_upd - n_tup_hot_upd FROM pg_stat_user_tables WHERE schemaname = 'public'
"""
"""Row versions that need an entry in every index of their table; a HOT update needs none."""
_INDEXES: Final = """
    SELECT indrelid::regclass::text, coalesce(pg_get_expr(indpred, indrelid), 'true')
    FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid JOIN pg_am ON pg_am.oid = index.relam
    WHERE index.relnamespace = 'public'::regnamespace AND amname <> 'brin'
"""
"""Every index but block-range ones, which have no entry for a row."""
FLUSH_SECONDS: Final = 11
"""A connection reports its last transactions after it has been idle for ten seconds."""


@dataclass
class Written:
    """The writes of a block; both are 0 until the block ends."""

    wal_bytes: int = 0
    index_entries: int = 0


@contextmanager
def counted(installation: Installation) -> Iterator[Written]:
    """Count the writes of all processes during the block.

    Entries of a partial index are counted by the rows that match its condition: the number after the block minus the
    number before. Full page images after a checkpoint are counted too, so call it right after `inbox.tidy`: the figure
    is then that of the first minutes after a checkpoint.
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
    time.sleep(FLUSH_SECONDS)
    connection.execute("SELECT pg_stat_clear_snapshot()")
    return dict(connection.execute(_ROWS).fetchall())


def _matching(connection: psycopg.Connection) -> dict[tuple[str, str], tuple[int, int]]:
    """By table and condition: the number of indexes, and of rows that match the condition (0 if it is 'true')."""
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for table, condition in connection.execute(_INDEXES).fetchall():
        if (table, condition) in counts:
            indexes, number = counts[table, condition]
            counts[table, condition] = (indexes + 1, number)
        else:
            counts[table, condition] = (1, 0 if condition == "true" else _count(connection, table, condition))
    return counts


def _count(connection: psycopg.Connection, table: str, condition: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchone()
    assert row is not None
    return int(row[0])
