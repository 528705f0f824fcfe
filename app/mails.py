"""A mail that is to be sent, and how often and how long sending is tried. Pure."""

from dataclasses import field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app import backoff
from app.immutable import immutable

FIRST_WAIT_SECONDS: Final = 120
"""The wait after the first attempt. A worker holds the mail while it lasts."""
LONGEST_WAIT_SECONDS: Final = 61_440


@immutable
class Mail:
    """One mail to send. Nothing of it may reach a log.

    Attributes:
        taken_until: when another worker may take it, unless it was finished before.
    """

    id: UUID
    taken_until: datetime
    recipient: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)


def wait(attempts: int) -> timedelta:
    """How long after an attempt the next one follows."""
    return timedelta(seconds=backoff.seconds(attempts, first=FIRST_WAIT_SECONDS, longest=LONGEST_WAIT_SECONDS))
