"""The clock of the ledger in a database of one's own, set to another time; from there it runs on."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import psycopg
from psycopg.sql import SQL, Composable, Literal
from sqlalchemy.engine import make_url

from app.immutable import immutable

_SET: Final = """
    CREATE OR REPLACE FUNCTION recording_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$ SELECT {} $$
"""


@immutable
class LedgerClock:
    """What posting, fences and the closing of months read. `owner` is a connection that commits each statement."""

    owner: psycopg.Connection

    def set(self, moment: datetime) -> None:
        """Let it be `moment` now; the time runs on from there."""
        shift = moment - datetime.now(UTC)
        self._read(SQL("clock_timestamp() + interval {}").format(Literal(f"{shift.total_seconds()} seconds")))

    def reset(self) -> None:
        """Let it show the real time again."""
        self._read(SQL("clock_timestamp()"))

    def _read(self, expression: Composable) -> None:
        self.owner.execute(SQL(_SET).format(expression))


@contextmanager
def opened(address: str) -> Iterator[LedgerClock]:
    """The clock of the database at `address`, whose login owns it; afterwards it shows the real time again."""
    plain = make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as owner:
        clock = LedgerClock(owner)
        try:
            yield clock
        finally:
            clock.reset()
