"""What a failure means for the event it happened on: one table."""

from enum import Enum, auto
from typing import Final

from sqlalchemy.exc import DataError, DBAPIError, OperationalError

from app import db
from app.errors import UnusableEvent

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


def problem(failure: Exception) -> str:
    """The failure in words that hold nothing of the event: our own message, else only the kind of error.

    A database error's text repeats the values it choked on.
    """
    if isinstance(failure, UnusableEvent):
        return str(failure).rstrip(".")
    if isinstance(failure, DataError):
        return "The document has a value that cannot be stored, such as text with a NUL character"
    if isinstance(failure, OverflowError):
        return "The document has a number that is out of range"
    if isinstance(failure, DBAPIError):
        return f"{type(failure.orig).__name__} {getattr(failure.orig, 'sqlstate', None) or ''}".rstrip()
    return type(failure).__name__
