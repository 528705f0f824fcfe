"""Problems of events, look-ups, runs and mails as sentences, from their stored codes. Pure.

A problem is a mapping with the code as `problem` and its parameters beside it: `{"problem": "stripe_failed",
"status": 503}`. For a bug it has the class and the line of the exception, never its text, which may contain a part of a
document.
"""

from collections.abc import Mapping
from typing import Any

from app.sentences.say import say, say_stored

Problem = Mapping[str, Any]


def clause(problem: Problem) -> str:
    """The problem as a part of a sentence."""
    values = {name: value for name, value in problem.items() if isinstance(value, str | int) and name != "problem"}
    if isinstance(cause := problem.get("cause"), Mapping):
        values["cause"] = clause(cause)
    return say_stored("problem", problem.get("problem"), **values)


def sentence(problem: Problem | None) -> str | None:
    """The problem as a sentence; None if there is none."""
    return None if problem is None else say("problem.sentence", problem=_upper_first(clause(problem)))


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]
