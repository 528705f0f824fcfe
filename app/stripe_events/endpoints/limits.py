"""Limits for the overlap of signing secrets after a new one was added. Pure."""

from typing import Final

OVERLAP_HOURS: Final = 24
"""The default overlap: Stripe signs with both secrets for at most a day.

Source: Stripe, "Roll endpoint signing secrets".
"""
LONGEST_OVERLAP_HOURS: Final = 168
