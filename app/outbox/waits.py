"""How long a delivery waits before it is tried again, and when it is given up. Pure."""

from typing import Final

MINUTE: Final = 60
HOUR: Final = 3600
WAITS_SECONDS: Final = (5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""After the first failure, the second, and so on: ten attempts in about three days."""
SPREAD: Final = 0.1
"""Each wait is longer or shorter by up to this part of it, so that an endpoint does not get all at one moment."""


def seconds_after(failures: int, *, chance: float) -> float | None:
    """Seconds until the next attempt after so many failed ones; None: there is none, the delivery is given up.

    Args:
        failures: the number of failed attempts, at least 1.
        chance: a random number from 0 to 1; 0.5 is the wait of the table.
    """
    if failures > len(WAITS_SECONDS):
        return None
    return WAITS_SECONDS[failures - 1] * (1 + SPREAD * (2 * chance - 1))
