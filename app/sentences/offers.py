"""Commissions of programs and partners as text. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from app.sentences.say import Money, Rate, listed, say

LIMITS: Final = ("max_cycles", "max_months")


def offer(commission: Mapping[str, Any], currency: str) -> str:
    """A commission's terms, e.g. `20 %, for 12 billing cycles`; `currency` is the program's."""
    if commission["type"] == "flat":
        pays = say("offer.flat", amount=Money(int(commission["amount_cents"]), currency))
    else:
        pays = say("offer.percentage", rate=Rate(int(commission["bps"])))
    tiers = [
        say("offer.tier", rate=Rate(int(one["bps"])), conversions=int(one["min_conversions"]))
        for one in commission.get("tiers", ())
    ]
    limits = [say(f"offer.{name}", count=int(commission[name])) for name in LIMITS if commission.get(name) is not None]
    return listed([pays, *tiers, *limits, *(_product(one) for one in commission.get("product_rates", ()))])


def _product(one: Mapping[str, Any]) -> str:
    if one.get("excluded"):
        return say("offer.product_excluded", product=one["product"])
    return say("offer.product", rate=Rate(int(one["bps"])), product=one["product"])
