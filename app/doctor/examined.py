"""What the checks examine: the settings, and the database as a transaction of the caller sees it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.config import Settings
from app.immutable import immutable

STATEMENT_MS: Final = 4_000
"""The longest time for one statement of a check."""

Open = Callable[[], AbstractContextManager[Session]]
"""Opens a transaction: `db.transaction`, or one that is narrowed to a caller's organizations."""


@immutable
class Examined:
    """An installation at a moment, as a caller sees it."""

    settings: Settings
    open: Open
    now: datetime

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads, and whose statements are limited in time."""
        with self.open() as session:
            session.execute(text("SET TRANSACTION READ ONLY"))
            session.execute(text(f"SET LOCAL statement_timeout = {STATEMENT_MS}"))
            yield session
