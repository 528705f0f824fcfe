"""The calculations of commissions and bases as sentences, from the stored figures. Pure."""

from collections.abc import Mapping
from typing import Any

from app import money
from app.sentences import outcomes
from app.sentences.say import Money, Number, Rate, say, say_stored

Figures = Mapping[str, Any]


def formula(calculation: Figures, currency: str) -> str:
    """The calculation of a commission, as a part of a sentence.

    Example: `20 % of 49.00 USD is 9.80 USD, rounded half up; 10.00 of 49.00 USD was returned, so 9.80 USD - 9.80 USD x
    10.00 / 49.00 = 7.80 USD`.

    Args:
        calculation: a commission's stored calculation, minor units.
        currency: the commission's.
    """
    stopped_by = calculation.get("stopped_by")
    if stopped_by is None:
        return _earned_and_returned(calculation, currency)
    why = stopped(stopped_by)
    if not calculation["amount_minor"]:
        return why
    return say("calculation.stopped", earned=_earned_and_returned(calculation, currency), why=why)


def stopped(stopped_by: Figures) -> str:
    """The reason why a commission is worth nothing, as a part of a sentence."""
    code = stopped_by["code"]
    match code:
        case "rejected":
            return say("stopped.rejected", reason=str(stopped_by.get("reason", "")))
        case "self_referral":
            return say("stopped.self_referral", same=outcomes.same(stopped_by))
        case "cap_reached":
            return say("stopped.cap_reached", limit=outcomes.limit(stopped_by))
        case "waiting":
            return say("stopped.waiting", waiting_for=outcomes.waiting_for(stopped_by))
        case _:
            return say_stored("stopped", code)


def _earned_and_returned(calculation: Figures, currency: str) -> str:
    earned = _earned(calculation, currency)
    gross_minor, returned_minor = int(calculation["gross_minor"]), int(calculation["returned_minor"])
    fixed_minor = int(calculation.get("fixed_minor", 0))
    share_minor = int(calculation["amount_minor"]) - fixed_minor
    gross, returned = Money(gross_minor, currency), Number(returned_minor, currency)
    if returned_minor == 0:
        return earned
    if returned_minor >= gross_minor:
        return say("calculation.all_returned", earned=earned, gross=gross)
    if fixed_minor and not share_minor:
        return say(
            "calculation.fixed_returned",
            earned=earned,
            returned=returned,
            gross=gross,
            fixed=Money(fixed_minor, currency),
        )
    left_minor = money.after_return(share_minor, returned_minor, gross_minor)
    return say(
        "calculation.returned_and_fixed" if fixed_minor else "calculation.returned",
        earned=earned,
        returned=returned,
        gross=gross,
        share=Money(share_minor, currency),
        fixed=Money(fixed_minor, currency),
        target=Money(left_minor + fixed_minor, currency),
    )


def _earned(calculation: Figures, currency: str) -> str:
    amount_minor, fixed_minor = int(calculation["amount_minor"]), int(calculation.get("fixed_minor", 0))
    amount, fixed = Money(amount_minor, currency), Money(fixed_minor, currency)
    if fixed_minor and fixed_minor == amount_minor:
        return say("calculation.fixed", amount=amount)
    rated = _rated(calculation, currency)
    if fixed_minor:
        return say("calculation.rated_and_fixed", rated=rated, fixed=fixed, amount=amount)
    return say("calculation.rated", rated=rated, amount=amount)


def _rated(calculation: Figures, currency: str) -> str:
    base = Money(int(calculation["base_minor"]), currency)
    if calculation["rate_bps"] is not None:
        return say("calculation.rate", rate=Rate(int(calculation["rate_bps"])), base=base)
    products = calculation.get("products", ())
    shares = say("calculation.rates_joined").join(
        say("calculation.rate", rate=Rate(int(one["rate_bps"])), base=Money(int(one["base_minor"]), currency))
        for one in products
    )
    lines = Money(sum(int(one["base_minor"]) for one in products), currency)
    return say("calculation.rates", shares=shares, base=base, lines=lines)


def base_formula(details: Figures, currency: str) -> str | None:
    """The calculation of a payment's base, as a part of a sentence; None if none is stored."""
    if details.get("formula") is None:
        return None
    names = ("net_total", "collected", "total")
    figures = {name: Money(int(details.get(f"{name}_minor") or 0), currency) for name in names}
    return say_stored("base", details["formula"], **figures)
