"""How often and how long sending a mail is tried. Pure."""

from datetime import timedelta
from typing import Final

from app import backoff

FIRST_WAIT_SECONDS: Final = 120
"""The wait after the first attempt. A worker holds the mail while it lasts."""
LONGEST_WAIT_SECONDS: Final = 61_440


def wait(attempts: int) -> timedelta:
    """How long after an attempt the next one follows."""
    return timedelta(seconds=backoff.seconds(attempts, first=FIRST_WAIT_SECONDS, longest=LONGEST_WAIT_SECONDS))
