"""What Stripe says of a connected account, read from its documents by presence. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from app.immutable import immutable

State = Literal["none", "creating", "failed", "onboarding", "pending", "restricted", "rejected", "ready"]
"""`none`: not asked for; `failed`: it could not be created; `restricted`: Stripe wants more than it has."""
ACTIVE: Final = "active"
SHOWN: Final = 30
"""Requirements and errors that are kept of each kind."""
NAME_LENGTH: Final = 120


@immutable
class AccountState:
    """The capability `transfers` and what Stripe requires, as stated at one moment.

    Attributes:
        account_id: Stripe's id of the account.
        transfers: the capability's status.
        requirements: as `ConnectedAccount.requirements`.
        has_details: whether the onboarding was gone through; None: the document does not say it.
        stated_at: by Stripe's clock.
    """

    account_id: str
    transfers: str
    requirements: Mapping[str, Any]
    has_details: bool | None
    stated_at: datetime


def read_account(document: Mapping[str, Any], stated_at: datetime) -> AccountState | None:
    """The state in an `account` document; None if it names no account."""
    account_id = document.get("id")
    if not isinstance(account_id, str):
        return None
    capabilities = document.get("capabilities")
    transfers = capabilities.get("transfers") if isinstance(capabilities, Mapping) else None
    return AccountState(
        account_id,
        _word(transfers) or "inactive",
        read_requirements(document.get("requirements")),
        document.get("details_submitted") is True,
        stated_at,
    )


def read_capability(document: Mapping[str, Any], stated_at: datetime) -> AccountState | None:
    """The state in a `capability` document; None for another capability than `transfers`."""
    account_id = document.get("account")
    if document.get("id") != "transfers" or not isinstance(account_id, str):
        return None
    status = _word(document.get("status")) or "inactive"
    return AccountState(account_id, status, read_requirements(document.get("requirements")), None, stated_at)


def read_requirements(stated: object) -> dict[str, Any]:
    """Stripe's `requirements` hash with the names of what is required, without texts and values."""
    if not isinstance(stated, Mapping):
        return {}
    errors = [
        {"requirement": _word(one.get("requirement")), "code": _word(one.get("code"))}
        for one in _list(stated.get("errors"))
        if isinstance(one, Mapping)
    ]
    found = {
        "due": _names(stated.get("currently_due")),
        "past_due": _names(stated.get("past_due")),
        "pending": _names(stated.get("pending_verification")),
        "disabled_reason": _word(stated.get("disabled_reason")) or None,
        "errors": errors,
    }
    return {name: value for name, value in found.items() if value}


def read_bank_payout(document: Mapping[str, Any], stated_at: datetime) -> dict[str, Any]:
    """A `payout` of a connected account to its bank, as `ConnectedAccount.bank_payout`."""
    return {
        "id": _word(document.get("id")),
        "status": "failed" if document.get("status") == "failed" else "paid",
        "failure_code": _word(document.get("failure_code")) or None,
        "stated_at": stated_at.isoformat(),
    }


def state_of(
    *,
    is_created: bool,
    problem: Mapping[str, Any] | None,
    transfers: str,
    requirements: Mapping[str, Any],
    has_details: bool,
) -> State:
    """What the state of an account is called; the arguments are columns of `ConnectedAccount`."""
    if not is_created:
        return "creating" if problem is None else "failed"
    if transfers == ACTIVE:
        return "ready"
    if str(requirements.get("disabled_reason", "")).startswith("rejected."):
        return "rejected"
    if not has_details:
        return "onboarding"
    return "restricted" if requirements.get("due") or requirements.get("past_due") else "pending"


def open_requirements(requirements: Mapping[str, Any]) -> list[str]:
    """The names of what Stripe wants now, what is overdue first, each once."""
    return list(dict.fromkeys([*requirements.get("past_due", ()), *requirements.get("due", ())]))


def _names(stated: object) -> list[str]:
    return [name for one in _list(stated) if (name := _word(one))]


def _list(stated: object) -> list[Any]:
    return stated[:SHOWN] if isinstance(stated, list) else []


def _word(stated: object) -> str:
    """A short text without control characters and what Postgres cannot store; "" for anything else."""
    return stated if isinstance(stated, str) and stated.isprintable() and len(stated) <= NAME_LENGTH else ""
