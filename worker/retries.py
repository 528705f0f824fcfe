"""What a failure means for the event it happened on: one table."""

import traceback
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy.exc import DataError, DBAPIError, OperationalError

from app import db
from app.errors import CodedProblem, UnusableEvent

AT_ONCE_TRIES: Final = 5
"""How often a batch is worked again at once before its failure counts."""

_TRANSIENT_STATES: Final = frozenset({"40001", "40P01", "55P03"})
"""Serialization failure, deadlock, lock not available. Source: Postgres manual, "PostgreSQL Error Codes"."""

_NO_SERVICE_STATES: Final = frozenset({*db.CANNOT_WRITE, "53300"})
"""The database cannot write, or takes no more connections: no event's fault, and no attempt of it."""


class Meaning(Enum):
    """What to do after a failure."""

    AT_ONCE = auto()
    """It lay in the moment, not in the event: work it again now, and count no attempt."""
    LATER = auto()
    """Count an attempt and come back after the back-off."""
    PARK = auto()
    """No retry can help: show it to a person."""
    GIVE_UP = auto()
    """The database is away or its disk is full. Nothing can be done or noted; the sweeper starts again."""


def meaning(failure: Exception) -> Meaning:
    """What `failure` means for the event or batch it happened on."""
    if isinstance(failure, UnusableEvent | DataError | OverflowError):
        return Meaning.PARK
    if isinstance(failure, DBAPIError):
        if getattr(failure.orig, "sqlstate", None) in _TRANSIENT_STATES:
            return Meaning.AT_ONCE
        if failure.connection_invalidated:
            return Meaning.AT_ONCE
        if getattr(failure.orig, "sqlstate", None) in _NO_SERVICE_STATES:
            return Meaning.GIVE_UP
        if isinstance(failure, OperationalError) and getattr(failure.orig, "sqlstate", None) is None:
            return Meaning.GIVE_UP
    return Meaning.LATER


def problem(failure: BaseException) -> dict[str, Any]:
    """The failure as a code with parameters, as it is stored and logged; nothing of the event is in it.

    Of a bug it has the kind of the exception and where it was raised. A database error's text repeats the values that
    caused it.
    """
    if isinstance(failure, CodedProblem):
        return failure.problem
    if isinstance(failure, DataError):
        return {"problem": "unstorable_text"}
    if isinstance(failure, OverflowError):
        return {"problem": "number_out_of_range"}
    if isinstance(failure, DBAPIError):
        error, sqlstate = type(failure.orig).__name__, getattr(failure.orig, "sqlstate", None)
        if sqlstate is None:
            return {"problem": "database_away", "error": error}
        return {"problem": "database", "error": error, "sqlstate": sqlstate}
    return {"problem": "exception", "error": type(failure).__name__, "place": _place(failure)}


def _place(failure: BaseException) -> str:
    """The innermost line of Accrual's own code that the failure passed, `worker.inbox.pipeline:91`."""
    frames = [(frame.f_globals.get("__name__", ""), line) for frame, line in traceback.walk_tb(failure.__traceback__)]
    own = [f"{module}:{line}" for module, line in frames if module.partition(".")[0] in {"app", "worker"}]
    return own[-1] if own else "unknown"
