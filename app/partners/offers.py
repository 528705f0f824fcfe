"""A commission's terms as text for people. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from app.money import format_money, format_rate

LIMITS: Final = {"max_cycles": "billing cycles", "max_months": "months"}


def rate_in_words(commission: Mapping[str, Any], currency: str) -> str:
    """A commission's terms as text, such as `20 %, for 12 billing cycles`; `currency` is the program's."""
    if commission["type"] == "flat":
        words = f"{format_money(int(commission['amount_cents']), currency)} for each conversion, once a billing cycle"
    else:
        words = format_rate(int(commission["bps"]))
    tiers = [
        f"{format_rate(int(tier['bps']))} from {tier['min_conversions']} approved conversions on"
        for tier in commission.get("tiers", ())
    ]
    limits = [f"for {commission[name]} {unit}" for name, unit in LIMITS.items() if commission.get(name) is not None]
    products = [
        f"{'nothing' if rate.get('excluded') else format_rate(int(rate['bps']))} for {rate['product']}"
        for rate in commission.get("product_rates", ())
    ]
    return ", ".join([words, *tiers, *limits, *products])
