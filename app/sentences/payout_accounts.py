"""Connected accounts and transfers as sentences, from codes and Stripe's names of what it requires. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.sentences import problems
from app.sentences.problems import Problem
from app.sentences.say import say, say_stored

STATES: Final = ("none", "creating", "failed", "onboarding", "pending", "restricted", "rejected", "ready", "linking")
SHOWN: Final = 6
"""Requirements that a sentence names; the others are in the list beside it."""


def sentence(
    state: str,
    *,
    requirements: Sequence[str] = (),
    details: Mapping[str, Any] | None = None,
    problem: Problem | None = None,
) -> str:
    """The state of an account: `sentence("onboarding", requirements=["external_account"])`.

    Args:
        state: one of `STATES`.
        requirements: Stripe's names of what it wants now.
        details: the stored requirements, with `disabled_reason`.
        problem: why the last call to Stripe failed.
    """
    values = {
        "requirements": _listed(requirements),
        "reason": str((details or {}).get("disabled_reason") or say("format.unknown")),
        "problem": problems.clause(problem or {}),
    }
    return say_stored("payout_account", state, **values)


def bank_payout(status: str, failure_code: str | None) -> str:
    """What became of Stripe's payout from the account to its bank."""
    if status == "failed":
        return say("payout_account.bank_failed", reason=failure_code or say("format.unknown"))
    return say("payout_account.bank_paid")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return f"{shown}, …" if len(names) > SHOWN else shown or say("format.unknown")
