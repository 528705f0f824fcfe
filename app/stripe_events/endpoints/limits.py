"""How long former signing secrets still count after a new one was added. Pure."""

from typing import Final

OVERLAP_HOURS: Final = 24
"""Where a request names no time: Stripe signs with both secrets for at most a day.

Source: Stripe, "Roll endpoint signing secrets".
"""
LONGEST_OVERLAP_HOURS: Final = 168
