"""Why a journal entry was posted, from its stored details. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.sentences import calculations
from app.sentences.say import Day, say
from app.times import UTC_NAME

CALCULATED: Final = "calculated"
APPROVED: Final = "approved"
HELD: Final = "held"


def reason(details: Mapping[str, Any], currency: str, zone: str = UTC_NAME) -> str:
    """Why an entry was posted, as a part of a sentence; "" if no reason is stored.

    Args:
        details: the entry's, with `reason` as a code.
        currency: the entry's.
        zone: the time zone (IANA name) that days are shown in.
    """
    match details.get("reason"):
        case "calculated":
            return calculations.formula(details["calculation"], currency)
        case "approved" if details.get("because"):
            return say("entry.approved_because", decided_by=details["decided_by"], because=details["because"])
        case "approved":
            return say("entry.approved", decided_by=details["decided_by"])
        case "held":
            since = Day(datetime.fromisoformat(details["held_since"]), zone)
            return say(f"entry.{details['held_by']}_older", since=since)
        case _:
            return ""
