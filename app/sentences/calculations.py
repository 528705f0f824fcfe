"""Why journal entries were posted, and the calculations of commissions and bases, as sentences. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app import money
from app.sentences import outcomes
from app.sentences.say import Day, Money, Number, Rate, say, say_stored
from app.times import UTC_NAME

Figures = Mapping[str, Any]

CALCULATED: Final = "calculated"
APPROVED: Final = "approved"
HELD: Final = "held"
OPENING: Final = "opening"
"""The reasons for which entries are posted, beside the steps of payouts."""
PAYOUT_STEPS: Final = ("payout", "payout_paid", "payout_failed", "payout_canceled", "payout_returned")


def reason(details: Figures, currency: str, zone: str = UTC_NAME) -> str:
    """Why an entry was posted, as a part of a sentence; "" if no reason is stored.

    Args:
        details: the entry's, with `reason` as a code.
        currency: the entry's.
        zone: the time zone (IANA name) that days are shown in.
    """
    match details.get("reason"):
        case "calculated":
            return formula(details["calculation"], currency, str(details.get("because", "")))
        case "approved" if details.get("because"):
            return say("entry.approved_because", decided_by=details["decided_by"], because=details["because"])
        case "approved":
            return say("entry.approved", decided_by=details["decided_by"])
        case "held":
            since = Day(datetime.fromisoformat(details["held_since"]), zone)
            return say(f"entry.{details['held_by']}_older", since=since)
        case "write_off":
            return say("entry.write_off", decided_by=details["decided_by"], because=details.get("because", ""))
        case "opening":
            return say("entry.opening", source=details["source"])
        case str(step) if step in PAYOUT_STEPS:
            return say(f"entry.{step}", payout=details["payout_id"], because=details.get("because", ""))
        case _:
            return ""


def formula(calculation: Figures, currency: str, because: str = "") -> str:
    """The calculation of a commission, as a part of a sentence.

    Example: `20 % of 49.00 USD is 9.80 USD, rounded half up; 10.00 of 49.00 USD was returned, so 9.80 USD - 9.80 USD x
    10.00 / 49.00 = 7.80 USD`.

    Args:
        calculation: a commission's stored calculation, minor units.
        currency: the commission's.
        because: the words of the person who rejected the commission.
    """
    stopped_by = calculation.get("stopped_by")
    if stopped_by is None:
        return _earned_and_returned(calculation, currency)
    why = stopped(stopped_by, because)
    if not calculation["amount_minor"]:
        return why
    return say("calculation.stopped", earned=_earned_and_returned(calculation, currency), why=why)


def stopped(stopped_by: Figures, because: str) -> str:
    """The reason why a commission is worth nothing, as a part of a sentence; `because` has a person's words."""
    code = stopped_by["code"]
    match code:
        case "rejected":
            return say("stopped.rejected", reason=because)
        case "self_referral":
            return say("stopped.self_referral", same=outcomes.same(stopped_by))
        case "cap_reached":
            return say("stopped.cap_reached", limit=outcomes.limit(stopped_by))
        case "before_cutoff":
            return say("stopped.before_cutoff", cutoff=outcomes.cutoff(stopped_by))
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
    base = Money(int(calculation["base_minor"]), currency)
    if calculation["rate_bps"] is not None:
        rated = say("calculation.rate", rate=Rate(int(calculation["rate_bps"])), base=base)
    else:
        rated = _by_product(calculation.get("products", ()), base)
    if fixed_minor:
        return say("calculation.rated_and_fixed", rated=rated, fixed=fixed, amount=amount)
    return say("calculation.rated", rated=rated, amount=amount)


def _by_product(products: Sequence[Figures], base: Money) -> str:
    """The rate of each product's lines, and the whole of them beside the commission's base."""
    shares = say("calculation.rates_joined").join(
        say(
            "calculation.rate",
            rate=Rate(int(product["rate_bps"])),
            base=Money(int(product["base_minor"]), base.currency),
        )
        for product in products
    )
    lines = Money(sum(int(product["base_minor"]) for product in products), base.currency)
    return say("calculation.rates", shares=shares, base=base, lines=lines)


def base_formula(details: Figures, currency: str) -> str | None:
    """The calculation of a payment's base, as a part of a sentence; None if none is stored."""
    if details.get("formula") is None:
        return None
    names = ("net_total", "collected", "total")
    figures = {name: Money(int(details.get(f"{name}_minor") or 0), currency) for name in names}
    return say_stored("base", details["formula"], **figures)
