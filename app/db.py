"""The database: base class and naming convention, engines, connections after a fork, transactions.

There are four roles in Postgres, and each process logs in with no more rights than it needs. The *owner* migrates and
serves nothing. `accrual_worker` is the role of workers, the clock and commands: it reads and writes rows but cannot
change the schema, so that no bug can disable the ledger's triggers. `accrual_entry` is the initial role of the web
server's connections: it can do what is needed before the caller is known, such as finding a key or storing an event.
`accrual_request` sees only the rows of the organizations named in its transaction, and money only of one mode, live or
test; a request changes to it by `narrow_to_organizations`. The web server logs in as `accrual_web`, which can change to
the last two roles and has no rights of its own, so that `SET ROLE NONE` inside a request gains nothing.

A process that serves requests calls `connect_web` and opens `web_transaction`; every other one calls `connect` and
opens `transaction`.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, DateTime, Engine, Index, MetaData, Text, create_engine, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker

from app.immutable import immutable

WORKER_ROLE: Final = "accrual_worker"
ENTRY_ROLE: Final = "accrual_entry"
REQUEST_ROLE: Final = "accrual_request"
WEB_LOGIN: Final = "accrual_web"
WORKER_LOGIN: Final = WORKER_ROLE
"""The logins that `accrual migrate` creates, without a password at first."""
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
"""When the row was inserted; `occurred_at` columns say when the fact happened."""
PERIODS: Final = "timestamptz_minmax_multi_ops"
"""The operators of an index for lists of a period; it keeps several ranges of time for each range of blocks."""


class Base(DeclarativeBase):
    """Base class of all tables; migrations are checked against its metadata."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar = {
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[dict[str, Any]]: JSONB(none_as_null=True),
    }


def block_range_index(name: str, column: str, operators: str) -> Index:
    """A BRIN index: small, because it has an entry for a range of blocks and not for each row (decision 0047).

    `operators` is the operator class, with its parameters: `PERIODS` for a time by which lists are limited.
    """
    return Index(
        name,
        column,
        postgresql_using="brin",
        postgresql_ops={column: operators},
        postgresql_with={"pages_per_range": 16, "autosummarize": "on"},
    )


@immutable
class _Connected:
    """An engine with its session factory, and a second engine on which every statement is its own transaction."""

    engine: Engine
    sessions: sessionmaker[Session]
    autocommit: Engine

    def dispose(self, *, close: bool = True) -> None:
        self.engine.dispose(close=close)
        self.autocommit.dispose(close=close)


class _Current:
    """The connections of this process. Outside the tests only one of the two is set."""

    worker: _Connected | None = None
    web: _Connected | None = None


def create(url: str | URL, *, role: str | None = WORKER_ROLE, pool_size: int = 5, **options: Any) -> Engine:
    """An engine on `url` whose connections start with `role`; None keeps the role of the login, for migrations.

    A database that is down must lead to a quick 503 and not to a hanging request: connecting times out after 3 seconds,
    and each connection is pinged when it is taken from the pool.
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
    """Connect `transaction` to `url` as the worker's role. Returns the engine; an earlier one is closed."""
    if _Current.worker is not None:
        _Current.worker.dispose()
    _Current.worker = _connected(url, WORKER_ROLE, pool_size)
    return _Current.worker.engine


def connect_web(url: str | URL, *, pool_size: int = 5) -> Engine:
    """Connect `web_transaction` and `app.direct` to `url` as the web server's role. Returns the engine as `connect`."""
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
    """The engine of `connect`. Raises RuntimeError if it was not called."""
    return _worker().engine


def web_engine() -> Engine:
    """The engine of `connect_web`. Raises RuntimeError if it was not called."""
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
    """As `transaction`, with the rights of `accrual_entry`: for a request whose caller is not known yet.

    Raises RuntimeError in a process that `connect_web` was not called in.
    """
    with _web().sessions.begin() as session:
        yield session


@contextmanager
def rolled_back(session: Session) -> Iterator[None]:
    """Undo what a block changed, at its end: to show what a command would do. Locks stay for the whole transaction."""
    with session.begin_nested() as tried:
        yield
        tried.rollback()


def violated_constraint(violation: IntegrityError) -> str | None:
    """The name of the constraint that a statement violated, if Postgres names one."""
    name: str | None = getattr(getattr(violation.orig, "diag", None), "constraint_name", None)
    return name


def autocommit_engine() -> Engine:
    """An engine as `accrual_entry` whose connections make every statement a transaction, for `app.direct`.

    They are not pinged. Raises RuntimeError before `connect_web` was called.
    """
    return _web().autocommit


def narrow_to_organizations(session: Session, organization_ids: Sequence[UUID], *, livemode: bool) -> None:
    """Limit the rest of this transaction to rows of `organization_ids` and one mode, for reading and writing.

    Row-level security enforces it, so a query without a condition on organization or mode shows no other rows. Rows
    that have no mode, such as programs and partners, are seen in both.
    """
    session.execute(
        text(
            "SELECT set_config('role', :role, true), set_config('accrual.organizations', :ids, true), "
            "set_config('accrual.affiliate', '', true), set_config('accrual.livemode', :livemode, true), "
            "set_config('accrual.partner', '', true)"
        ),
        {
            "role": REQUEST_ROLE,
            "ids": "{" + ",".join(map(str, organization_ids)) + "}",
            "livemode": str(livemode),
        },
    )


def narrow_to_affiliate(session: Session, organization_id: UUID, *, livemode: bool) -> None:
    """Limit the rest of this transaction to reading what this organization sees as a partner.

    That is its enrollments and, unless an enrollment was ended, their programs, terms and snapshots, and their
    conversions and commissions of one mode. Rows that it owns as a merchant are hidden.
    """
    session.execute(
        text(
            "SELECT set_config('role', :role, true), set_config('accrual.organizations', '{}', true), "
            "set_config('accrual.affiliate', :id, true), set_config('accrual.livemode', :livemode, true), "
            "set_config('accrual.partner', '', true)"
        ),
        {"role": REQUEST_ROLE, "id": str(organization_id), "livemode": str(livemode)},
    )


def narrow_to_partner(session: Session, partner_id: UUID) -> None:
    """Limit a transaction of `narrow_to_affiliate` further: to one of its enrollments, whose own rows it may write.

    Row-level security lets it write only rows of this partner, in the tables that partners write, and only while the
    enrollment is the affiliate's and has not ended.
    """
    session.execute(text("SELECT set_config('accrual.partner', :id, true)"), {"id": str(partner_id)})


def widen(session: Session) -> None:
    """Give the rest of this web transaction the rights of a request whose caller is not known yet."""
    session.execute(text("SELECT set_config('role', :role, true)"), {"role": ENTRY_ROLE})


@contextmanager
def across_modes(session: Session) -> Iterator[None]:
    """Give a block of this transaction the rights of a request whose caller is not known yet, then the former again.

    A fact about a partner belongs to both modes, but a request sees the endpoints of one. The statements of the block
    must name the organization themselves.
    """
    role = session.scalar(text("SELECT current_setting('role')"))
    widen(session)
    yield
    session.execute(text("SELECT set_config('role', :role, true)"), {"role": role})


@contextmanager
def in_mode(session: Session, *, livemode: bool) -> Iterator[None]:
    """Let a block of a narrowed transaction see money of this mode; then of its own again.

    For a fact about a partner, which belongs to both modes and has consequences in each.
    """
    former = session.scalar(text("SELECT current_setting('accrual.livemode', true)"))
    set_mode = text("SELECT set_config('accrual.livemode', :livemode, true)")
    session.execute(set_mode, {"livemode": str(livemode)})
    yield
    session.execute(set_mode, {"livemode": former or ""})


def _connected(url: str | URL, role: str, pool_size: int) -> _Connected:
    engine = create(url, role=role, pool_size=pool_size)
    autocommit = create(url, role=role, pool_size=pool_size, pool_pre_ping=False, isolation_level="AUTOCOMMIT")
    return _Connected(engine, sessionmaker(engine, expire_on_commit=False), autocommit)


def _worker() -> _Connected:
    if _Current.worker is None:
        raise RuntimeError("app.db.connect has not been called in this process")
    return _Current.worker


def _web() -> _Connected:
    if _Current.web is None:
        raise RuntimeError("app.db.connect_web has not been called in this process")
    return _Current.web


def _drop_inherited_connections() -> None:
    # A forked child shares the parent's sockets. A normal close would end the parent's sessions.
    for inherited in (_Current.worker, _Current.web):
        if inherited is not None:
            inherited.dispose(close=False)


os.register_at_fork(after_in_child=_drop_inherited_connections)
