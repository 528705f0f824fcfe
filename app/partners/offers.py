"""What a program offers, in words. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from app.money import format_money, format_rate

LIMITS: Final = {"max_cycles": "billing cycles", "max_months": "months"}


def rate_in_words(commission: Mapping[str, Any], currency: str) -> str:
    """A commission's terms in a few words, e.g. `20 %, for 12 billing cycles`; `currency` is the program's."""
    if commission["type"] == "flat":
        words = f"{format_money(int(commission['amount_cents']), currency)} for each conversion, once a billing cycle"
    else:
        words = format_rate(int(commission["bps"]))
    tiers = [
        f"{format_rate(int(one['bps']))} from {one['min_conversions']} approved conversions on"
        for one in commission.get("tiers", ())
    ]
    limits = [f"for {commission[name]} {unit}" for name, unit in LIMITS.items() if commission.get(name) is not None]
    products = [
        f"{'nothing' if one.get('excluded') else format_rate(int(one['bps']))} for {one['product']}"
        for one in commission.get("product_rates", ())
    ]
    return ", ".join([words, *tiers, *limits, *products])
