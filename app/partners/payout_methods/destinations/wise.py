"""Destinations of Wise: an e-mail address, or a bank account. Pure."""

from collections.abc import Mapping
from typing import Final

from app.errors import InvalidRequest
from app.partners.payout_methods.destinations import bank_accounts, fields
from app.partners.payout_methods.destinations.fields import Destination

RECEIVERS: Final = ("person", "institution")
MORE: Final[tuple[fields.Field, ...]] = ("receiver_type",)
"""What every way takes besides."""


def wise(given: Mapping[str, str | None]) -> Destination:
    """A recipient of Wise, with the holder's name.

    With `email`: `account_holder` and optionally `country`. With `iban`: `account_holder` and optionally `bic` and
    `country`. With `account_number`: `account_holder`, `country` and optionally `bic`. With each optionally
    `receiver_type`: `person` (as without it) or `institution`. Raises InvalidRequest.
    """
    ways = [name for name in ("email", "iban", "account_number") if (given.get(name) or "").strip()]
    if len(ways) != 1:
        raise InvalidRequest(
            "send exactly one of email, iban and account_number for wise", param=ways[1] if ways else "email"
        )
    if ways == ["email"]:
        return _by_email(fields.take(given, method="wise", needed=("account_holder", "email"), more=(*MORE, "country")))
    if ways == ["iban"]:
        taken = fields.take(given, method="wise", needed=("account_holder", "iban"), more=(*MORE, "bic", "country"))
    else:
        needed: tuple[fields.Field, ...] = ("account_holder", "account_number", "country")
        taken = fields.take(given, method="wise", needed=needed, more=(*MORE, "bic"))
    _check_receiver(taken)
    account = bank_accounts.checked(taken)
    country = account["iban"][:2] if "iban" in account else account["country"]
    return Destination("wise", account, bank_accounts.masked(account), country)


def _check_receiver(taken: Mapping[str, str]) -> None:
    if taken.get("receiver_type", RECEIVERS[0]) not in RECEIVERS:
        raise InvalidRequest(f"receiver_type must be {' or '.join(RECEIVERS)}", param="receiver_type")


def _by_email(taken: dict[str, str]) -> Destination:
    _check_receiver(taken)
    taken["email"] = fields.email(taken["email"])
    if "country" in taken:
        taken["country"] = fields.country(taken["country"])
    return Destination("wise", taken, {"email": fields.masked_email(taken["email"])}, taken.get("country"))
