"""What a worker process of the tests does besides: handlers for event types that only tests know."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.payments.facts import Reading
from app.payouts.reserving import reservation
from worker.inbox import drain
from worker.inbox.handlers import table


def _die(_document: Mapping[str, Any]) -> Reading:
    os._exit(9)


def _fail(document: Mapping[str, Any]) -> Reading:
    raise ValueError(document)


def mortal() -> None:
    """An event of type test.deadly takes the process down at once, as a fault in a C library would."""
    table.HANDLERS["test.deadly"] = _die


def clumsy() -> None:
    """An event of type test.fails meets a bug that puts the whole document into its message."""
    table.HANDLERS["test.fails"] = _fail


def able_to_import(directory: Path) -> None:
    """Modules of `directory` can be imported by name."""
    sys.path.insert(0, str(directory))


def small_payout_batches() -> None:
    """A run reserves three payouts in a transaction."""
    reservation.reserve_batch.__kwdefaults__["partners"] = 3  # type: ignore[index]


def failing_drain() -> None:
    """Every drain meets a bug whose error repeats an address."""

    def fails(_slice_seconds: float) -> bool:
        raise ValueError("cleo.secret@example.com")

    drain.work_slice = fails
