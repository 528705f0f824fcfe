"""How an event or a payment ended: a closed list, each with one sentence for a person.

"Why did this sale earn nothing?" is a `GROUP BY` over these words, so they are few, and a sentence may be
completed by `outcome_details` (`code`, `waiting_for`, …) where it has a placeholder; `because` is a word of `REASONS`.
"""

from collections.abc import Mapping
from typing import Any, Final

OUTCOMES: Final[dict[str, str]] = {
    "accrued": "A commission was accrued.",
    "adjusted": "A commission was corrected to the payment's present state.",
    "no_change": "Nothing moved: {because}.",
    "recorded": "Recorded: {because}.",
    "bound": "Recorded: who referred the customer, or which Stripe objects belong together; no payment yet.",
    "unattributed": "Paid, but nothing that counts for this payment names a partner.",
    "outside_window": "The partner's link was followed longer ago than the program's attribution window allows.",
    "self_referral": "The customer is the partner, and the program does not allow that: {same}.",
    "partner_inactive": "The partner named is not active, so this payment earns nothing.",
    "program_inactive": "The partner's program is not active, so this payment earns nothing.",
    "cap_reached": "The commission's limit was reached before this payment: {limit}.",
    "zero_base": "There is nothing to pay: the payment's base is zero, or the share of it rounds to zero.",
    "currency_mismatch": "A flat commission is paid only in the program's own currency.",
    "out_of_band": "The invoice was marked paid outside Stripe, and the program does not pay for that.",
    "waiting": "Waiting for {waiting_for}; it is settled as soon as that arrives.",
    "unknown_code": "It names {code}, and no partner has that code.",
    "kind_mismatch": "The partner's program counts reported events, not payments.",
    "not_captured": "The money is authorized but not yet captured.",
    "merged": "Merged into another payment.",
    "rejected": "A person rejected this conversion: {reason}.",
    "held": "Approval is on hold while a dispute or a fraud warning is open.",
    "ignored_type": "Events of this type do not concern commissions; the event is stored and nothing else happens.",
    "wrong_mode": "The event's mode (test or live) is not the endpoint's; it never reaches the ledger.",
    "unusable": "The event cannot be read: {problem}.",
    "parked": "Processing failed, and a person must decide what to do: {problem}.",
}


KNOWN: Final = "known"
NAMES_NO_PARTNER: Final = "names_no_partner"
NAMES_SESSION: Final = "names_session"
COMMISSION_UNCHANGED: Final = "commission_unchanged"
ABANDONED: Final = "abandoned"

REASONS: Final[dict[str, str]] = {
    KNOWN: "everything this event says was already known",
    NAMES_NO_PARTNER: "it says something new, but names no partner and moves no money",
    NAMES_SESSION: "it names the session of a visit, which can credit a partner once a payment comes",
    COMMISSION_UNCHANGED: "what is new in it changes no commission",
    ABANDONED: "the checkout session expired or its payment failed, so no money will come of it",
}
"""What `because` in the details of `no_change` and `recorded` means, in words."""
_UNSAID: Final = {"because": KNOWN}


class _Placeholders(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "unknown"


def sentence(outcome: str, details: Mapping[str, Any] | None = None) -> str:
    """The outcome in one sentence, e.g. `sentence("unknown_code", {"code": "jnae"})`."""
    told = _UNSAID | dict(details or {})
    words = told | {"because": REASONS.get(told["because"], told["because"])}
    return OUTCOMES[outcome].format_map(_Placeholders(words))
