"""The database: base class and naming convention, engine, fork hook, transactions.

Four roles stand in Postgres, and each process logs in with no more than it needs. The *owner* migrates and serves
nothing. `accrual_worker` is what workers, the clock and commands are: it reads and writes rows but cannot change the
schema, so not even a bug of ours can switch the ledger's triggers off. `accrual_entry` is what the web server's
connections start as: it can do what comes before a caller is known, such as finding a key or storing an event.
`accrual_request` sees only the rows of the organizations named in its transaction; a request becomes it by
`narrow_to_organizations`. The web server logs in as `accrual_web`, which can become the last two and has no rights of
its own, so that `SET ROLE NONE` inside a request gains nothing.

A process that serves requests calls `connect_web` and opens `web_transaction`; every other one calls `connect` and
opens `transaction`.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, Connection, DateTime, Engine, MetaData, Text, create_engine, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker

WORKER_ROLE: Final = "accrual_worker"
ENTRY_ROLE: Final = "accrual_entry"
REQUEST_ROLE: Final = "accrual_request"
WEB_LOGIN: Final = "accrual_web"
WORKER_LOGIN: Final = WORKER_ROLE
"""The logins that `accrual migrate` makes, without a password yet."""
CONNECT_TIMEOUT_SECONDS: Final = 3

CANNOT_WRITE: Final = {"53100": "disk_full", "53400": "disk_full", "58030": "disk_full", "25006": "read_only"}
"""What Postgres says when it cannot write, by SQLSTATE: disk full, a limit of temporary files, I/O error, standby.

Source: Postgres manual, "PostgreSQL Error Codes".
"""
_WRITE_SOMETHING: Final = text("""
    WITH settings AS MATERIALIZED (SELECT set_config('work_mem', '64kB', true))
    SELECT pg_current_xact_id(), max(sorted.filler), current_setting('transaction_read_only') = 'on' AS is_read_only
    FROM settings, (SELECT number, repeat('x', 100) AS filler FROM generate_series(1, 10000) AS number
                    ORDER BY md5(number::text) OFFSET 0) AS sorted
""")

NAMING_CONVENTION: Final = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


Minor = Annotated[int, mapped_column(BigInteger)]
"""An amount in the smallest unit of the currency beside it."""
Currency = Annotated[str, mapped_column(CHAR(3))]
"""A lower-case ISO 4217 code."""
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
"""When the row came to be; `occurred_at` columns say when its fact did."""


class Base(DeclarativeBase):
    """Every table's base; its metadata is what migrations are checked against."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar = {
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[dict[str, Any]]: JSONB(none_as_null=True),
    }


@dataclass(frozen=True, slots=True)
class _Connected:
    """An engine with the sessions made on it, and one whose statements are transactions of their own."""

    engine: Engine
    sessions: sessionmaker[Session]
    autocommit: Engine

    def dispose(self, *, close: bool = True) -> None:
        self.engine.dispose(close=close)
        self.autocommit.dispose(close=close)


class _Current:
    """What this process is connected as. Outside the tests it is one of the two."""

    worker: _Connected | None = None
    web: _Connected | None = None


def create(url: str | URL, *, role: str | None = WORKER_ROLE, pool_size: int = 5, **options: Any) -> Engine:
    """An engine on `url` whose connections start as `role` (None: as whoever logs in, to migrate).

    "Down" must be a quick 503, not a hang: connecting times out after 3 s and every checkout is pinged.
    """
    parsed = make_url(url)
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, "application_name": "accrual"}
    session_settings = ["-c timezone=UTC"]
    if role is not None:
        session_settings.append(f"-c role={role}")
    arguments["options"] = " ".join(session_settings)
    options.setdefault("pool_pre_ping", True)
    options["hide_parameters"] = True  # an error's text must not carry payloads into a log
    return create_engine(
        parsed, connect_args=arguments, pool_size=pool_size, max_overflow=5, pool_timeout=10, **options
    )


def connect(url: str | URL, *, pool_size: int = 5) -> Engine:
    """Let `transaction` work on `url` from now on, as the worker's role. Gives the engine; an earlier one is closed."""
    if _Current.worker is not None:
        _Current.worker.dispose()
    _Current.worker = _connected(url, WORKER_ROLE, pool_size)
    return _Current.worker.engine


def connect_web(url: str | URL, *, pool_size: int = 5) -> Engine:
    """Let `web_transaction` and `autocommit` work on `url` from now on, as the web server's role; as `connect`."""
    if _Current.web is not None:
        _Current.web.dispose()
    _Current.web = _connected(url, ENTRY_ROLE, pool_size)
    return _Current.web.engine


def disconnect() -> None:
    """Close every idle connection of this process."""
    for connected in (_Current.worker, _Current.web):
        if connected is not None:
            connected.dispose()


def engine() -> Engine:
    """The engine `connect` made. Raises RuntimeError before that."""
    return _worker().engine


def web_engine() -> Engine:
    """The engine `connect_web` made. Raises RuntimeError before that."""
    return _web().engine


@contextmanager
def transaction() -> Iterator[Session]:
    """A session in one READ COMMITTED transaction: committed at the end of the block, rolled back on an exception.

    It sees all rows. Raises RuntimeError in a process that `connect` was not called in, such as the web server.
    """
    with _worker().sessions.begin() as session:
        yield session


@contextmanager
def web_transaction() -> Iterator[Session]:
    """As `transaction`, for a request whose caller is not known yet: it may do what `accrual_entry` may.

    Raises RuntimeError in a process that `connect_web` was not called in.
    """
    with _web().sessions.begin() as session:
        yield session


def write_problem(connection: Connection) -> str | None:
    """Why this database cannot be written to now (`disk_full`, `read_only`), or None if it can.

    Sorts more than fits into memory, so that Postgres writes a megabyte to its disk, and takes a transaction number,
    which only a primary gives. Nothing is kept of either.

    Raises:
        DBAPIError: the database failed in another way.
    """
    try:
        is_read_only = connection.execute(_WRITE_SOMETHING).one().is_read_only
        connection.commit()
    except DBAPIError as failure:
        connection.rollback()
        problem = CANNOT_WRITE.get(getattr(failure.orig, "sqlstate", None) or "")
        if problem is None:
            raise
        return problem
    return "read_only" if is_read_only else None


@contextmanager
def autocommit() -> Iterator[Connection]:
    """A connection as `accrual_entry` on which every statement is its own transaction, not pinged first."""
    with _web().autocommit.connect() as connection:
        yield connection


def narrow_to_organizations(session: Session, organization_ids: Sequence[UUID]) -> None:
    """From here to its end, let this transaction see and write only rows of `organization_ids`.

    Row-level security does it, so a forgotten WHERE shows nothing.
    """
    session.execute(
        text(
            "SELECT set_config('role', :role, true), set_config('accrual.organizations', :ids, true), "
            "set_config('accrual.affiliate', '', true)"
        ),
        {"role": REQUEST_ROLE, "ids": "{" + ",".join(map(str, organization_ids)) + "}"},
    )


def narrow_to_affiliate(session: Session, organization_id: UUID) -> None:
    """From here to its end, let this transaction only read, and only what this organization sees as a partner.

    That is its enrollments, and while it is not shut out of them their programs, terms, snapshots, conversions and
    commissions. What it owns as a merchant is hidden meanwhile.
    """
    session.execute(
        text(
            "SELECT set_config('role', :role, true), set_config('accrual.organizations', '{}', true), "
            "set_config('accrual.affiliate', :id, true)"
        ),
        {"role": REQUEST_ROLE, "id": str(organization_id)},
    )


def widen(session: Session) -> None:
    """From here to its end, let this web transaction do what a request may do whose caller is not known yet."""
    session.execute(text("SELECT set_config('role', :role, true)"), {"role": ENTRY_ROLE})


def _connected(url: str | URL, role: str, pool_size: int) -> _Connected:
    made = create(url, role=role, pool_size=pool_size)
    quick = create(url, role=role, pool_size=pool_size, pool_pre_ping=False, isolation_level="AUTOCOMMIT")
    return _Connected(made, sessionmaker(made, expire_on_commit=False), quick)


def _worker() -> _Connected:
    if _Current.worker is None:
        raise RuntimeError("app.db.connect has not been called in this process")
    return _Current.worker


def _web() -> _Connected:
    if _Current.web is None:
        raise RuntimeError("app.db.connect_web has not been called in this process")
    return _Current.web


def _forget_parents_connections() -> None:
    # A forked child shares the parent's sockets; closing them politely would end the parent's sessions.
    for inherited in (_Current.worker, _Current.web):
        if inherited is not None:
            inherited.dispose(close=False)


os.register_at_fork(after_in_child=_forget_parents_connections)
