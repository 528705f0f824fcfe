"""Which service agreement a connected account gets. Pure.

Source: Stripe, "Service agreement types" and "Cross-border payouts" (read 2026-11-28): accounts in the platform's
region can have the full agreement, accounts elsewhere must be recipients. An accepted agreement cannot be changed.
"""

from typing import Final, Literal

Agreement = Literal["full", "recipient"]

EEA: Final = frozenset(
    ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI")
) | {"LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"}
"""The European Economic Area, which is one region; every other country is a region of its own."""


def agreement_for(country: str, platform_country: str) -> Agreement:
    """The agreement of an account in `country` under a platform in `platform_country`; ISO 3166, upper case.

    Example: `("FR", "DE")` is `full`, `("GB", "DE")` is `recipient`.
    """
    return "full" if _region(country) == _region(platform_country) else "recipient"


def _region(country: str) -> str:
    return "EEA" if country in EEA else country
