"""Outcomes of events and payments: a closed list of codes, each with a sentence. Pure.

"Why did sales earn nothing?" is a `GROUP BY` over these codes, so they are few. The parameters of a sentence are in
`outcome_details`, as codes and numbers: `code`, `waiting_for`, `because`, `limit`, `same`, `problem`. Only a reason
that a person gave is text.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.sentences import problems
from app.sentences.say import Day, Minute, Value, say, say_stored

OUTCOMES: Final = (
    *("accrued", "adjusted", "no_change", "recorded", "bound", "unattributed", "outside_window", "self_referral"),
    *("partner_inactive", "program_inactive", "cap_reached", "zero_base", "currency_mismatch", "out_of_band"),
    *("waiting", "unknown_code", "kind_mismatch", "not_captured", "merged", "rejected", "held"),
    *("ignored_type", "wrong_mode", "unusable", "parked", "before_cutoff"),
)

KNOWN: Final = "known"
NAMES_NO_PARTNER: Final = "names_no_partner"
NAMES_SESSION: Final = "names_session"
COMMISSION_UNCHANGED: Final = "commission_unchanged"
ABANDONED: Final = "abandoned"
ACCOUNT_STATE: Final = "account_state"
BANK_PAYOUT: Final = "bank_payout"
TRANSFER: Final = "transfer"
TRANSFER_REVERSED: Final = "transfer_reversed"
TO_BE_FETCHED: Final = "to_be_fetched"
NOT_OURS: Final = "not_ours"
REASONS: Final = (
    *(KNOWN, NAMES_NO_PARTNER, NAMES_SESSION, COMMISSION_UNCHANGED, ABANDONED),
    *(ACCOUNT_STATE, BANK_PAYOUT, TRANSFER, TRANSFER_REVERSED, TO_BE_FETCHED, NOT_OURS),
)
"""The values of `because` in the details of `no_change` and `recorded`."""

SAME_EMAIL: Final = "email"
SAME_ORGANIZATION: Final = "organization"
SAMES: Final = (SAME_EMAIL, SAME_ORGANIZATION)
"""The values of `same` in the details of `self_referral`: what customer and partner have in common."""


def sentence(outcome: str | None, details: Mapping[str, Any] | None = None) -> str:
    """The outcome in one sentence, e.g. `sentence("unknown_code", {"code": "jnae"})`; None without an outcome."""
    if outcome is None:
        return say("outcome.queued")
    facts = details or {}
    if reason := facts.get("by_hand"):
        return say("outcome.by_hand", reason=reason)
    return say_stored("outcome", outcome, **_completing(outcome, facts))


def _completing(outcome: str, details: Mapping[str, Any]) -> dict[str, Value]:
    """The values for the outcome's placeholders."""
    match outcome:
        case "no_change" | "recorded":
            return {"because": say_stored("because", details.get("because", KNOWN))}
        case "self_referral":
            return {"same": same(details)}
        case "cap_reached":
            return {"limit": limit(details)}
        case "before_cutoff":
            return {"cutoff": cutoff(details)}
        case "waiting":
            return {"waiting_for": waiting_for(details)}
        case "unusable" | "parked":
            return {"problem": problems.clause(details)}
        case _:
            return {name: str(details.get(name) or say("format.unknown")) for name in ("code", "reason")}


def waiting_for(details: Mapping[str, Any]) -> str:
    """What is waited for, as a part of a sentence."""
    return say_stored("waiting", details.get("waiting_for"))


def same(details: Mapping[str, Any]) -> str:
    """What customer and partner have in common, as a part of a sentence."""
    return say_stored("same", details.get("same"))


def cutoff(details: Mapping[str, Any]) -> Value:
    """The cut-off that a payment was made before."""
    stored = details.get("cutoff_at")
    return Minute(datetime.fromisoformat(stored)) if stored else say("format.unknown")


def limit(details: Mapping[str, Any]) -> str:
    """Which limit was reached, as a part of a sentence."""
    match details:
        case {"limit": "max_cycles", "cycle": cycle, "most_cycles": most}:
            return say("limit.max_cycles", cycle=int(cycle), count=int(most))
        case {"limit": "max_months", "most_months": most, "first_paid_at": first_paid_at}:
            return say("limit.max_months", count=int(most), first_paid_on=Day(datetime.fromisoformat(first_paid_at)))
        case {"limit": "once_a_cycle"}:
            return say("limit.once_a_cycle")
        case _:
            return say("format.unknown")


def conflict(details: Mapping[str, Any]) -> str | None:
    """Why a payment stays with its partner although another is credited now; None without such a conflict."""
    stored = details.get("conflict")
    if stored is None:
        return None
    whom = stored["partner_id"] or say("conflict.no_partner")
    return say("conflict.person" if stored["is_by_hand"] else "conflict.evidence", whom=whom)
