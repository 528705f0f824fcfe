"""What a partner's next payout has, and what is missing for it, as sentences. Pure."""

from app.sentences.payouts import method_name
from app.sentences.say import Money, say


def no_method() -> str:
    """That no payout method was chosen."""
    return say("payout_outlook.no_method")


def no_destination(method: str) -> str:
    """That a method was chosen, but not where to pay."""
    return say("payout_outlook.no_destination", method=method_name(method))


def sentence(
    payable_minor: int, *, minimum_minor: int, missing_minor: int, currency: str, is_blocked: bool = False
) -> str:
    """What the next payout has in a currency. Amounts in minor units; `is_blocked`: the method cannot pay it now."""
    payable = Money(payable_minor, currency)
    if payable_minor < 0:
        return say("payout_outlook.debt", debt=Money(-payable_minor, currency))
    if payable_minor == 0:
        return say("payout_outlook.nothing", currency=currency.upper())
    if missing_minor > 0:
        minimum, missing = Money(minimum_minor, currency), Money(missing_minor, currency)
        return say("payout_outlook.below_minimum", payable=payable, minimum=minimum, missing=missing)
    return say("payout_outlook.blocked" if is_blocked else "payout_outlook.ready", payable=payable)


def waiting(accrued_minor: int, currency: str) -> str | None:
    """What is earned and not approved yet, in minor units; None if it is nothing."""
    if accrued_minor <= 0:
        return None
    return say("payout_outlook.waiting", accrued=Money(accrued_minor, currency))
