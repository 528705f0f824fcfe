"""Postgres and Valkey for the tests, and databases that are emptied and handed out again."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import psycopg
import redis
from psycopg.sql import SQL, Identifier
from sqlalchemy.engine import make_url

from app.runtime import embedded, schema

from .connections import Connections

TEMPLATE: Final = "template_accrual"
FAST_AND_FORGETFUL: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "128MB",
}
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a private directory is made in it
MEMORY_BYTES: Final = 4 * 1024**3
"""How much must be free there for the servers' files to go there: cloning a database takes a third of the time."""
USES: Final = 50
"""How often a database is emptied before a new one takes its place: deleted rows leave their space behind."""

# What a test may have changed beside rows: tables, partitions, columns, triggers, functions, settings.
_SCHEMA = """
    SELECT md5(string_agg(line, ',' ORDER BY line)) FROM (
        SELECT concat_ws(' ', 'class', relname, relkind, relrowsecurity) AS line FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'trigger', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger
        WHERE NOT tgisinternal
        UNION ALL SELECT concat_ws(' ', 'internal trigger', tgrelid::regclass, tgenabled, count(*)) FROM pg_trigger
        WHERE tgisinternal GROUP BY tgrelid, tgenabled
        UNION ALL SELECT concat_ws(' ', 'column', attrelid::regclass, attname, attisdropped) FROM pg_attribute
        JOIN pg_class ON pg_class.oid = attrelid AND relnamespace = 'public'::regnamespace WHERE attnum > 0
        UNION ALL SELECT concat_ws(' ', 'function', proname, md5(prosrc)) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'setting', setrole, setconfig) FROM pg_db_role_setting
        JOIN pg_database ON pg_database.oid = setdatabase AND datname = current_database()
    ) AS lines
"""
_TABLES = """
    SELECT relname FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
      AND relname <> 'alembic_version'
"""
_RESTART_SEQUENCES = """
    SELECT setval(oid::regclass, 1, false) FROM pg_class
    WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
"""
_END_SESSIONS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL(%s)
"""


@dataclass
class Servers:
    """The servers of this process of the tests, and the databases on them."""

    postgres: embedded.Server
    valkey: embedded.Server
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    free: dict[str, int] = field(default_factory=dict)
    """Empty databases, and how often each was used."""
    connections: Connections = field(default_factory=Connections)
    superusers: dict[str, psycopg.Connection] = field(default_factory=dict)
    """By database, the connection that empties it."""
    schema: str = ""
    """What the template's schema is recognized by."""
    _valkey_client: redis.Redis | None = None

    def empty_valkey(self) -> None:
        """Delete everything in Valkey."""
        if self._valkey_client is None:
            self._valkey_client = redis.Redis.from_url(self.valkey.url)
        self._valkey_client.flushall()

    def database_url(self, name: str) -> str:
        return make_url(self.postgres.url).set(database=name).render_as_string(hide_password=False)

    def administer(self, statement: str, *names: str) -> None:
        """Run a statement that no transaction may hold, such as CREATE DATABASE."""
        with self.superuser("postgres") as connection:
            connection.execute(SQL(statement).format(*map(Identifier, names)))

    @contextmanager
    def superuser(self, database: str) -> Iterator[psycopg.Connection]:
        """A connection as the superuser on which every statement is its own transaction."""
        address = make_url(self.postgres.url).set(drivername="postgresql", database=database)
        with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as connection:
            yield connection

    def migrate_template(self) -> None:
        """Make the database that all others are copied from."""
        self.administer("CREATE DATABASE {}", TEMPLATE)
        schema.migrate(self.database_url(TEMPLATE))
        with self.superuser(TEMPLATE) as connection:
            self.schema = _schema(connection)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The name of a migrated, empty database for one test; emptied afterwards and kept for another."""
        name, uses = self.free.popitem() if self.free else (self._clone(), 0)
        yield name
        if uses + 1 < USES and self._empty(name):
            self.free[name] = uses + 1
        else:
            self._drop(name)

    def _clone(self) -> str:
        name = f"test_{next(self.numbers)}"
        self.administer("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, TEMPLATE)
        return name

    def _drop(self, name: str) -> None:
        self.connections.forget(self.database_url(name))
        if superuser := self.superusers.pop(name, None):
            superuser.close()
        self.administer("DROP DATABASE {} WITH (FORCE)", name)

    def _empty(self, name: str) -> bool:
        """Delete every row; False if the schema is no longer the template's."""
        connection = self._superuser_of(name)
        connection.execute(_END_SESSIONS, [self.connections.pids(self.database_url(name))])
        if _schema(connection) != self.schema:
            return False
        self.delete_rows(connection)
        return True

    def delete_rows(self, connection: psycopg.Connection) -> None:
        """Delete every row of a database by a superuser's connection, and begin its sequences again."""
        tables = [row[0] for row in connection.execute(_TABLES)]
        probes = SQL(", ").join(SQL("EXISTS (SELECT FROM {})").format(Identifier(table)) for table in tables)
        filled = connection.execute(SQL("SELECT {}").format(probes)).fetchone() or ()
        statements = ["SET LOCAL session_replication_role = replica"]  # no triggers, no foreign keys
        statements += [f"DELETE FROM {table}" for table, is_filled in zip(tables, filled, strict=True) if is_filled]
        with connection.transaction():
            connection.execute("; ".join(statements))
            connection.execute(_RESTART_SEQUENCES)

    def _superuser_of(self, name: str) -> psycopg.Connection:
        if name not in self.superusers or self.superusers[name].closed:
            address = make_url(self.database_url(name)).set(drivername="postgresql")
            self.superusers[name] = psycopg.connect(
                address.render_as_string(hide_password=False), autocommit=True, prepare_threshold=1
            )
        return self.superusers[name]


@contextmanager
def running() -> Iterator[Servers]:
    """Both servers and the template, in a directory that is gone afterwards."""
    has_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_BYTES
    directory = Path(tempfile.mkdtemp(prefix="accrual-tests-", dir=MEMORY if has_memory else None))
    servers = Servers(embedded.start_postgres(directory, **FAST_AND_FORGETFUL), embedded.start_valkey(directory))
    try:
        servers.migrate_template()
        yield servers
    finally:
        servers.valkey.stop()
        servers.postgres.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _schema(connection: psycopg.Connection) -> str:
    row = connection.execute(_SCHEMA).fetchone()
    assert row is not None
    return str(row[0])
