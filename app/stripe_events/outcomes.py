"""How an event or a payment ended: a closed list, each with one sentence for a person.

"Why did this sale earn nothing?" is a `GROUP BY` over these words, so they are few, and a sentence may be
completed by `outcome_details` (`code`, `waiting_for`, …) where it has a placeholder.
"""

from collections.abc import Mapping
from typing import Any, Final

OUTCOMES: Final[dict[str, str]] = {
    "accrued": "A commission was accrued.",
    "adjusted": "A commission was corrected to the payment's present state.",
    "no_change": "Nothing moved: {because}.",
    "bound": "It told us who referred this customer or which Stripe objects belong together; money follows.",
    "unattributed": "Paid, but nothing on the payment, subscription or customer names a partner.",
    "outside_window": "The partner's link was followed longer ago than the program's attribution window allows.",
    "self_referral": "The customer is the partner, and the program does not allow that: {same}.",
    "partner_inactive": "The partner named is not active, so this payment earns nothing.",
    "program_inactive": "The partner's program is not active, so this payment earns nothing.",
    "cap_reached": "The commission's limit was reached before this payment: {limit}.",
    "zero_base": "There is nothing to pay: the payment's base is zero, or the share of it rounds to zero.",
    "currency_mismatch": "A flat commission is paid only in the program's own currency.",
    "out_of_band": "The invoice was marked paid outside Stripe, and the program does not pay for that.",
    "waiting": "Kept, and settled as soon as what it waits for arrives: {waiting_for}.",
    "unknown_code": "It names a partner nobody has: {code}.",
    "kind_mismatch": "The partner's program counts reported events, not payments.",
    "not_captured": "The money is authorized but not yet captured.",
    "merged": "Another payment of the same money took this one's place.",
    "rejected": "A person rejected this conversion: {reason}.",
    "held": "Approval is on hold while a dispute or a fraud warning is open.",
    "ignored_type": "Events of this type do not concern commissions; it is stored and nothing else.",
    "wrong_mode": "A test event came to a live endpoint, or the reverse; it never reaches the ledger.",
    "unusable": "The event cannot be read: {problem}.",
    "parked": "It could not be worked and waits for a person: {problem}.",
}


_UNSAID: Final = {"because": "everything this says was already known"}


class _Placeholders(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return _UNSAID.get(key, "unknown")


def sentence(outcome: str, details: Mapping[str, Any] | None = None) -> str:
    """The outcome in one sentence, e.g. `sentence("unknown_code", {"code": "jnae"})`."""
    return OUTCOMES[outcome].format_map(_Placeholders(details or {}))
