"""Why a payout cannot be made, as sentences. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from app.sentences.say import Country, Money, Value, say_stored

REFUSALS: Final = (
    *("currency", "country", "no_debtor", "no_source_currency", "no_listener", "no_stripe_key"),
    *("too_small", "too_large"),
    *("formula", "control_character", "no_letters", "malformed", "missing"),
)
"""Why a method cannot pay, and why a destination cannot be in a file of payouts."""


def refusal(details: Mapping[str, Any]) -> str:
    """Why a method cannot pay, or a line cannot be in a file: "PayPal does not pay to Nigeria." for example.

    Args:
        details: what `app.payouts.methods.Refusal.details` gave.
    """
    values: dict[str, Value] = {"method": method_name(details.get("method"))}
    if currency := details.get("currency"):
        values["currency"] = str(currency).upper()
    if country := details.get("country"):
        values["country"] = Country(str(country))
    if field := details.get("field"):
        values["field"] = str(field)
    if "bound_minor" in details:
        values["bound"] = Money(int(details["bound_minor"]), str(details["currency"]))
    return say_stored("payout_refusal", details.get("refusal"), **values)


def method_name(method: str | None) -> str:
    """The name of a method of payout: "PayPal" for `paypal`."""
    return say_stored("payout_method", method)
