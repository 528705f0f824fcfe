"""Decides what to do with an event, a batch or a run after a failure."""

import traceback
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy.exc import DataError, DBAPIError, OperationalError

from app import writability
from app.errors import CodedProblem, UnusableEvent

AT_ONCE_TRIES: Final = 5
"""How often a batch is retried at once before its failure counts as an attempt."""

_TRANSIENT_STATES: Final = frozenset({"40001", "40P01", "55P03"})
"""Serialization failure, deadlock, lock not available. Source: Postgres manual, "PostgreSQL Error Codes"."""

_NO_SERVICE_STATES: Final = frozenset({*writability.CANNOT_WRITE, "53300"})
"""The database cannot write, or accepts no more connections: not caused by an event, so not an attempt."""


class FailureAction(Enum):
    """What to do after a failure."""

    RETRY_NOW = auto()
    """The failure is temporary and not caused by the event: retry now, without counting an attempt."""
    RETRY_LATER = auto()
    """Count an attempt, and retry after the back-off."""
    PARK = auto()
    """A retry cannot succeed: park the event, so that a person sees it."""
    GIVE_UP = auto()
    """The database is unreachable or its disk is full. Nothing can be stored; the clock queues a drain later."""


def action_after(failure: Exception) -> FailureAction:
    """What to do with the event or batch that failed with this exception."""
    if isinstance(failure, UnusableEvent | DataError | OverflowError):
        return FailureAction.PARK
    if isinstance(failure, DBAPIError):
        if getattr(failure.orig, "sqlstate", None) in _TRANSIENT_STATES:
            return FailureAction.RETRY_NOW
        if failure.connection_invalidated:
            return FailureAction.RETRY_NOW
        if getattr(failure.orig, "sqlstate", None) in _NO_SERVICE_STATES:
            return FailureAction.GIVE_UP
        if isinstance(failure, OperationalError) and _is_away(failure):
            return FailureAction.GIVE_UP
    return FailureAction.RETRY_LATER


def problem(failure: BaseException) -> dict[str, Any]:
    """The failure as a code with parameters, to store and log, without any data of the event.

    For a bug it has the exception's class and the line that raised it. The text of a database error is not used,
    because it repeats the values that caused it.
    """
    if isinstance(failure, CodedProblem):
        return failure.problem
    if isinstance(failure, DataError):
        return {"problem": "unstorable_text"}
    if isinstance(failure, OverflowError):
        return {"problem": "number_out_of_range"}
    if isinstance(failure, DBAPIError):
        error, sqlstate = type(failure.orig).__name__, getattr(failure.orig, "sqlstate", None)
        if sqlstate is not None:
            return {"problem": "database", "error": error, "sqlstate": sqlstate}
        if _is_away(failure):
            return {"problem": "database_away", "error": error}
    return {"problem": "exception", "error": type(failure).__name__, "place": _place(failure)}


def _is_away(failure: DBAPIError) -> bool:
    """Whether there was no connection, or it was lost.

    Over a connection that lasts, a failure without a SQLSTATE is one of the driver: it refuses a statement with more
    than 65,535 parameters, for example, and would refuse it always.
    """
    has_state = getattr(failure.orig, "sqlstate", None) is not None
    return not has_state and (failure.statement is None or failure.connection_invalidated)


def _place(failure: BaseException) -> str:
    """The innermost line of Accrual's code in the traceback: `worker.inbox.pipeline:91`."""
    frames = [(frame.f_globals.get("__name__", ""), line) for frame, line in traceback.walk_tb(failure.__traceback__)]
    own = [f"{module}:{line}" for module, line in frames if module.partition(".")[0] in {"app", "worker"}]
    return own[-1] if own else "unknown"
