"""Fields of destinations: what every file of payouts can hold, lengths, masking. Pure.

A refusal names the field and never repeats the value, because errors may be logged.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, get_args

from app import languages, texts
from app.errors import InvalidRequest
from app.immutable import immutable

Method = Literal["paypal", "wise", "bank_transfer", "payoneer", "stripe", "crypto", "external"]
METHODS: Final[tuple[Method, ...]] = get_args(Method)
Field = Literal[
    "email",
    "account_holder",
    "iban",
    "bic",
    "account_number",
    "town",
    "country",
    "network",
    "address",
    "reference",
    "receiver_type",
]
FIELDS: Final[tuple[Field, ...]] = get_args(Field)
"""Every field that a destination may have."""
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet that opens a file of payouts takes a cell with such a beginning for a formula; the last four are the
full-width forms. Source: OWASP, "CSV Injection"."""
SHOWN_AT_END: Final = 4

LENGTHS: Final[Mapping[Field, int]] = {
    "email": texts.ADDRESS_LENGTH,
    "account_holder": 70,
    "iban": 42,
    "bic": 11,
    "account_number": 34,
    "town": 35,
    "country": 2,
    "network": 30,
    "address": 128,
    "reference": 200,
    "receiver_type": 11,
}
"""Characters a field may have, spaces included.

Source: ISO 20022 pain.001 as limited by the EPC's implementation guidelines (name 70, town 35, other account 34); an
IBAN has 34 without the spaces that people put between its groups.
"""


@immutable
class Destination:
    """A validated destination.

    Attributes:
        method: how it is paid.
        fields: what is sealed and frozen in a payout.
        masked: what is shown instead.
        country: where the money goes, as an ISO 3166 code; None: the destination does not say it.
    """

    method: Method
    fields: Mapping[str, str]
    masked: Mapping[str, str]
    country: str | None


def take(
    given: Mapping[str, str | None], *, method: Method, needed: Sequence[Field], more: Sequence[Field] = ()
) -> dict[str, str]:
    """The fields of `given` that have a value, trimmed.

    Raises:
        InvalidRequest: one of `needed` is missing, or there is a field that is in neither sequence, or one has a value
            that a file of payouts cannot hold.
    """
    sent = {name: value.strip() for name, value in given.items() if value is not None and value.strip()}
    for name in needed:
        if name not in sent:
            raise InvalidRequest(f"{name} is required for {method}; it needs {_listed(needed)}", param=name)
    known = (*needed, *more)
    unknown = next((name for name in sent if name not in known), None)
    if unknown is not None:
        message = f"{unknown} is not a field of {method}; leave it out, and send {_listed(known)}"
        raise InvalidRequest(message, param=unknown)
    return {name: plain(sent[name], name=name, longest=LENGTHS[name]) for name in known if name in sent}


def plain(value: str, *, name: str, longest: int) -> str:
    """`value`, if a file of payouts can hold it: one line, at most `longest` characters, no beginning of a formula.

    Raises:
        InvalidRequest: names the field.
    """
    if name == "country":
        return country(value)
    if len(value) > longest:
        raise InvalidRequest(f"{name} has {len(value)} characters; give at most {longest}", param=name)
    if value.startswith(FORMULA_STARTS):
        raise InvalidRequest(
            f"{name} begins with {value[0]!r}, which spreadsheets take for a formula; begin with a letter or a digit",
            param=name,
        )
    try:
        return texts.one_line(value)
    except ValueError as refused:
        raise InvalidRequest(f"{name} {refused}", param=name) from None


def email(value: str, *, param: str = "email", longest: int = texts.ADDRESS_LENGTH) -> str:
    """`value` as a stored e-mail address that a file of payouts can hold. Raises InvalidRequest."""
    return plain(texts.require_address(value, param=param), name=param, longest=longest)


def country(value: str) -> str:
    """`value` as the ISO 3166 code of a country, in upper case. Raises InvalidRequest."""
    code = value.upper()
    if not re.fullmatch("[A-Z]{2}", code):
        raise InvalidRequest("country must be a code of two letters, such as DE or US", param="country")
    if not languages.is_country(code):
        raise InvalidRequest(f"no country has the code {code}; use one such as DE or US", param="country")
    return code


def masked_email(address: str) -> str:
    """`z…@example.com` for `zoe@example.com`."""
    local, _, domain = address.partition("@")
    return f"{local[0]}…@{domain}"


def masked_end(text: str) -> str:
    """The last four characters after `…`; of text shorter than eight characters nothing is shown."""
    return f"…{text[-SHOWN_AT_END:]}" if len(text) >= 2 * SHOWN_AT_END else "…"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "no further field"
