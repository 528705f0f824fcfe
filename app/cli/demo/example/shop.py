"""What the example is made with: a running Accrual, by its API, its receiver, and the clock of its ledger."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from app.cli.demo.documents import Document


class Shop(Protocol):
    """A running Accrual with an empty database."""

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The content of the answer of the shop's own API. Raises Unavailable unless it is a success."""

    def visit(self, path: str) -> None:
        """Open an address as a visitor's browser does."""

    def deliver(self, events: Sequence[Document]) -> None:
        """Sign the events, post them to the receiver, and wait until each has its outcome."""

    def wait(self) -> None:
        """Give the workers time for a job."""

    def set_clock(self, moment: datetime | None) -> None:
        """Let the ledger record at `moment` and from there on; None: at the real time again."""
