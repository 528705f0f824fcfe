"""The ledger's clock in a test's own database, set to another time; from there it runs on."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.cli.demo.ledger_clock import LedgerClock
from tests.servers import Servers

__all__ = ["LedgerClock", "ledger_clock"]


@contextmanager
def ledger_clock(servers: Servers, database_url: str) -> Iterator[LedgerClock]:
    """The clock of this database; afterwards it shows the real time again."""
    with servers.superuser(database_url.rpartition("/")[2].partition("?")[0]) as superuser:
        clock = LedgerClock(superuser)
        yield clock
        clock.reset()
