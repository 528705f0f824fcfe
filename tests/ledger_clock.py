"""The ledger's clock in a test's own database, set to another time; from there it runs on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import psycopg
from psycopg.sql import SQL, Composable, Literal

from tests.servers import Servers

_SET: Final = """
    CREATE OR REPLACE FUNCTION recording_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$ SELECT {} $$
"""


@dataclass(frozen=True)
class LedgerClock:
    """What posting, fences and the closing of months read."""

    superuser: psycopg.Connection

    def set(self, moment: datetime) -> None:
        """Let it be `moment` now; the time goes on from there."""
        shift = moment - datetime.now(UTC)
        self._read(SQL("clock_timestamp() + interval {}").format(Literal(f"{shift.total_seconds()} seconds")))

    def reset(self) -> None:
        """Let it show the real time again."""
        self._read(SQL("clock_timestamp()"))

    def _read(self, expression: Composable) -> None:
        self.superuser.execute(SQL(_SET).format(expression))


@contextmanager
def ledger_clock(servers: Servers, database_url: str) -> Iterator[LedgerClock]:
    """The clock of this database; afterwards it shows the real time again."""
    with servers.superuser(database_url.rpartition("/")[2].partition("?")[0]) as superuser:
        clock = LedgerClock(superuser)
        yield clock
        clock.reset()
