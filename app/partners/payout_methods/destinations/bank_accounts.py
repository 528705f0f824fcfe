"""Destinations that are a bank account: by IBAN, or by number outside the countries that have IBANs. Pure."""

from collections.abc import Mapping
from typing import Final

from app.errors import InvalidRequest
from app.partners.payout_methods.destinations import fields
from app.partners.payout_methods.destinations.fields import Destination

IBAN_PROBLEMS: Final[Mapping[str, str]] = {
    "InvalidLength": "it has not the length of an IBAN of its country",
    "InvalidCountryCode": "its first two letters are no country that has IBANs",
    "InvalidChecksumDigits": "its check digits do not fit, so a character is wrong",
}


def bank_transfer(given: Mapping[str, str | None]) -> Destination:
    """A bank account with its holder.

    With `iban`: `account_holder`, `town`, `country` of the holder (default: the IBAN's) and optionally `bic`. Without:
    `account_holder`, `account_number`, `town`, `country` of the bank and optionally `bic`. Raises InvalidRequest.
    """
    has_iban, has_number = ((given.get(name) or "").strip() for name in ("iban", "account_number"))
    if not has_iban and not has_number:
        raise InvalidRequest("bank_transfer needs iban, or account_number where accounts have no IBAN", param="iban")
    if has_iban:
        taken = fields.take(
            given, method="bank_transfer", needed=("account_holder", "iban", "town"), more=("bic", "country")
        )
        return _with_iban(taken)
    needed: tuple[fields.Field, ...] = ("account_holder", "account_number", "town", "country")
    return _with_number(fields.take(given, method="bank_transfer", needed=needed, more=("bic",)))


def iban(value: str) -> str:
    """`value` as an IBAN in upper case without spaces, its country's format and check digits right.

    Raises:
        InvalidRequest: says what is wrong without the value.
    """
    from schwifty import IBAN  # noqa: PLC0415 - it takes 14 MB, and few processes check an account
    from schwifty.exceptions import SchwiftyException  # noqa: PLC0415

    try:
        return str(IBAN(value).compact)
    except SchwiftyException as refused:
        problem = IBAN_PROBLEMS.get(type(refused).__name__, "it has not the form of an IBAN of its country")
        raise InvalidRequest(f"iban is not valid: {problem}; copy it from a bank statement", param="iban") from None


def bic(value: str) -> str:
    """`value` as a BIC of 8 or 11 characters in upper case. Raises InvalidRequest."""
    from schwifty import BIC  # noqa: PLC0415 - as above
    from schwifty.exceptions import SchwiftyException  # noqa: PLC0415

    try:
        return str(BIC(value).compact)
    except SchwiftyException:
        raise InvalidRequest(
            "bic is not valid; it has 8 or 11 letters and digits, of which the fifth and sixth are the bank's country",
            param="bic",
        ) from None


def has_ibans(country: str) -> bool:
    """Whether accounts in this country have an IBAN."""
    from schwifty import registry  # noqa: PLC0415 - as above
    from schwifty.exceptions import SchwiftyException  # noqa: PLC0415

    try:
        registry.get_iban_spec(country)
    except SchwiftyException:
        return False
    return True


def checked(taken: Mapping[str, str]) -> dict[str, str]:
    """`taken` with its IBAN, BIC and country checked. An IBAN's country is the default of `country`.

    Raises:
        InvalidRequest: names the field.
    """
    account = dict(taken)
    if "bic" in account:
        account["bic"] = bic(account["bic"])
    if "iban" in account:
        account["iban"] = iban(account["iban"])
        account["country"] = fields.country(account.get("country", account["iban"][:2]))
        return account
    account["country"] = fields.country(account["country"])
    if has_ibans(account["country"]):
        raise InvalidRequest(
            f"accounts in {account['country']} have an IBAN; send iban instead of account_number", param="iban"
        )
    return account


def masked(account: Mapping[str, str]) -> dict[str, str]:
    """An account as it is shown: the country and the end of the IBAN, or the end of its number."""
    if "iban" in account:
        return {"iban": account["iban"][:2] + fields.masked_end(account["iban"])}
    return {"account_number": fields.masked_end(account["account_number"]), "country": account["country"]}


def _with_iban(taken: Mapping[str, str]) -> Destination:
    account = checked(taken)
    return Destination("bank_transfer", account, masked(account), account["iban"][:2])


def _with_number(taken: Mapping[str, str]) -> Destination:
    account = checked(taken)
    return Destination("bank_transfer", account, masked(account), account["country"])
