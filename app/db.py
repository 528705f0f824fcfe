"""The database: base class and naming convention, engine, fork hook, transactions.

Three roles stand in Postgres. The *owner* migrates. `accrual_worker` reads and writes rows but cannot change the
schema, so not even a bug of ours can switch the ledger's triggers off. `accrual_request` sees only the rows of the
organizations named in its transaction. Connections start as `accrual_worker`; a request narrows itself with
`narrow_to_organizations`.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, Connection, DateTime, Engine, MetaData, Text, create_engine, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker

WORKER_ROLE: Final = "accrual_worker"
REQUEST_ROLE: Final = "accrual_request"
CONNECT_TIMEOUT_SECONDS: Final = 3

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
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
    }


class _Current:
    """The engine of this process, set once by `connect`."""

    engine: Engine | None = None
    autocommit: Engine | None = None
    sessions: sessionmaker[Session] | None = None


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
    """Make the engine this process uses from now on, and return it. An earlier one is disposed of."""
    disconnect()
    _Current.engine = create(url, pool_size=pool_size)
    _Current.autocommit = create(url, pool_size=pool_size, pool_pre_ping=False, isolation_level="AUTOCOMMIT")
    _Current.sessions = sessionmaker(_Current.engine, expire_on_commit=False)
    return _Current.engine


def disconnect() -> None:
    """Close every idle connection of this process."""
    for used in (_Current.engine, _Current.autocommit):
        if used is not None:
            used.dispose()


def engine() -> Engine:
    """The engine `connect` made. Raises RuntimeError before that."""
    if _Current.engine is None:
        raise RuntimeError("app.db.connect has not been called in this process")
    return _Current.engine


@contextmanager
def transaction() -> Iterator[Session]:
    """A session in one READ COMMITTED transaction: committed at the end of the block, rolled back on an exception."""
    if _Current.sessions is None:
        raise RuntimeError("app.db.connect has not been called in this process")
    with _Current.sessions.begin() as session:
        yield session


@contextmanager
def autocommit() -> Iterator[Connection]:
    """A connection on which every statement is its own transaction, not pinged first: the receiver's."""
    if _Current.autocommit is None:
        raise RuntimeError("app.db.connect has not been called in this process")
    with _Current.autocommit.connect() as connection:
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
    """From here to its end, let this transaction see all rows again."""
    session.execute(text("SELECT set_config('role', :role, true)"), {"role": WORKER_ROLE})


def _forget_parents_connections() -> None:
    # A forked child shares the parent's sockets; closing them politely would end the parent's sessions.
    for inherited in (_Current.engine, _Current.autocommit):
        if inherited is not None:
            inherited.dispose(close=False)


os.register_at_fork(after_in_child=_forget_parents_connections)
