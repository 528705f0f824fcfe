"""Why a payout cannot be made, or is not made by a run, as sentences. Pure."""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

from app.sentences import problems
from app.sentences.say import Country, Money, Value, say, say_stored

REFUSALS: Final = (
    *("currency", "country", "no_debtor", "no_source_currency", "no_listener", "no_stripe_key", "other_method"),
    *("too_small", "too_large", "no_account", "account_unable", "account_suspended"),
    *("formula", "control_character", "no_letters", "malformed", "missing"),
)
"""Why a method cannot pay, and why a destination cannot be in a file of payouts."""

SkipReason = Literal[
    "below_minimum",
    "not_positive",
    "no_payout_method",
    "method_unavailable",
    "destination_invalid",
    "partner_banned",
    "in_payout",
    "preview_changed",
    "settling",
]
SKIPPED: Final[tuple[SkipReason, ...]] = get_args(SkipReason)
"""Why a run does not pay what is payable."""
RESULTS: Final = ("unknown_reference", "unknown_status", "amount_differs", "status_refused", "transfer_under_way")
"""Why a line of a result file changed nothing."""


def skipped(
    reason: str | None, details: Mapping[str, Any], payable_minor: int, minimum_minor: int, currency: str
) -> str:
    """Why a run does not pay: "12.00 USD is below the minimum of 50.00 USD: 38.00 USD is missing." for example.

    Args:
        reason: a code of `SKIPPED`.
        details: with `method_unavailable`, what `app.payouts.methods.Refusal.details` gave.
        payable_minor: what is payable, minor units; negative: the partner owes it.
        minimum_minor: the program's minimum, minor units.
        currency: of the amounts.
    """
    if reason == "method_unavailable" or details.get("refusal"):
        return refusal(details)
    if reason == "not_positive" and payable_minor < 0:
        return say("payout_skipped.debt", debt=Money(-payable_minor, currency))
    values: dict[str, Value] = {}
    if reason == "below_minimum":
        values["minimum"] = Money(minimum_minor, currency)
        values["missing"] = Money(minimum_minor - payable_minor, currency)
    return say_stored("payout_skipped", reason, payable=Money(payable_minor, currency), **values)


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
    for name in ("requirements", "reason"):
        if name in details:
            values[name] = str(details[name])
    if "bound_minor" in details:
        values["bound"] = Money(int(details["bound_minor"]), str(details["currency"]))
    return say_stored("payout_refusal", details.get("refusal"), **values)


def failure(reason: str | None, details: Mapping[str, Any] | None) -> str | None:
    """Why a payout failed or came back: a person's words as they are, a code as its sentence; None without a reason.

    Args:
        reason: what is stored with the payout.
        details: what the sentence of a code needs; None with a person's words.
    """
    if reason is None:
        return None
    if details is None:
        return say_stored("payout_failure", reason)
    if reason in REFUSALS:
        return refusal({"refusal": reason, **details})
    if details.get("stripe_code") == "balance_insufficient":
        return say("payout_failure.balance_insufficient")
    return problems.sentence(details)


def method_name(method: str | None) -> str:
    """The name of a method of payout: "PayPal" for `paypal`."""
    return say_stored("payout_method", method)


def result_not_applied(
    reason: str,
    *,
    status: str = "",
    found: str = "",
    net_minor: int = 0,
    currency: str = "",
    payout_status: str = "",
    becoming: str | None = None,
) -> str:
    """Why a line of a result file changed nothing.

    Args:
        reason: a code of `RESULTS`.
        status: as the line has it.
        found: amount and currency, as the line has them.
        net_minor: the payout's amount in the currency's smallest unit.
        currency: the payout's.
        payout_status: what the payout is.
        becoming: what the line would have made of it.
    """
    values: dict[str, Value] = {"status": status, "payout_status": payout_status, "becoming": becoming or ""}
    values["found"] = found
    values["amount"] = Money(net_minor, currency) if currency else ""
    return say_stored("payout_result", reason, **values)
