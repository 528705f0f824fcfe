"""Findings of the doctor as sentences: what is wrong, with which value, and what to do. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.sentences import problems
from app.sentences.say import Minute, Value, say, say_stored

NAMED: Final = frozenset({"check", "clock", "state"})
"""Values that are codes with words of their own: `finding.clock_database`."""


def sentence(code: str, values: Mapping[str, Any]) -> str:
    """The finding with this code: `sentence("events_parked", {"count": 2})`."""
    return say_stored("finding", code, **{name: _shown(name, value) for name, value in values.items()})


def level(name: str) -> str:
    """The word for a level: `failure` or `warning`."""
    return say_stored("finding_level", name)


def _shown(name: str, value: Any) -> Value:
    if isinstance(value, Mapping):
        return problems.clause(value)
    if isinstance(value, datetime):
        return Minute(value)
    if isinstance(value, tuple):
        return ", ".join(value)
    if name in NAMED:
        return say_stored("finding_name", str(value))
    return str(value) if isinstance(value, str) else int(value)


def healthy() -> str:
    """The only line for an installation without findings."""
    return say("finding.none")
