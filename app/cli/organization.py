"""Database connections of commands, and finding the organizations they concern."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app import config
    from app.commissions.settling.settlement import Cause
    from app.organizations.models import Organization


@contextmanager
def database(data_dir: Path | None) -> Iterator[config.Settings]:
    """The settings of `data_dir`, with this process connected to the database, the queue and the Stripe keys."""
    from app import jobs
    from app.stripe_sync import api_keys

    with _database_only(data_dir) as settings:
        jobs.connect(settings.redis_url)
        api_keys.connect(settings)
        yield settings


@contextmanager
def opened(data_dir: Path | None) -> Iterator[tuple[config.Settings, Session]]:
    """As `database`, and a transaction that is committed at the end of the block."""
    from app import db

    with database(data_dir) as settings, db.transaction() as session:
        yield settings, session


@contextmanager
def session(data_dir: Path | None) -> Iterator[Session]:
    """As `opened`, without the settings."""
    with opened(data_dir) as (_, session):
        yield session


@contextmanager
def reading(data_dir: Path | None) -> Iterator[tuple[config.Settings, Session]]:
    """As `opened`, for commands that only show something: neither the queue nor the Stripe keys are connected."""
    from app import db

    with _database_only(data_dir) as settings, db.transaction() as session:
        yield settings, session


@contextmanager
def _database_only(data_dir: Path | None) -> Iterator[config.Settings]:
    from app import config, db, logs, sealing
    from app.sentences import catalogue

    settings = config.load(data_dir)
    logs.configure(settings.log_format, level="warning")
    catalogue.use(settings.language)
    sealing.connect(settings)
    db.connect(settings.database_url, pool_size=1)
    try:
        yield settings
    finally:
        db.disconnect()


def find(session: Session, name: str | None) -> Organization:
    """As `owners.find_owner`, imported only when it is called."""
    from app.programs.owners import find_owner

    return find_owner(session, name)


def find_with_descendants(session: Session, name: str | None) -> tuple[UUID, ...]:
    """The ids of the organization called `name` (None: the only one) and of all below it. Raises as `find`."""
    from app.organizations.hierarchy import own_and_descendants

    return own_and_descendants(session, find(session, name).id)


def cause() -> Cause:
    """A command as the cause of ledger entries, now."""
    from app.commissions.settling.settlement import Cause

    return Cause("command line", datetime.now(UTC))
