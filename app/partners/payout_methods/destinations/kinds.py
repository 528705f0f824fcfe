"""The kinds of destination by method: validation, and the sealed form. Pure."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from app.partners.payout_methods.destinations.bank_accounts import bank_transfer
from app.partners.payout_methods.destinations.crypto import crypto
from app.partners.payout_methods.destinations.elsewhere import external, stripe
from app.partners.payout_methods.destinations.emails import payoneer, paypal
from app.partners.payout_methods.destinations.fields import Destination, Field, Method
from app.partners.payout_methods.destinations.wise import wise

KINDS: Final[Mapping[Method, Callable[[Mapping[str, str | None]], Destination]]] = {
    "paypal": paypal,
    "wise": wise,
    "bank_transfer": bank_transfer,
    "payoneer": payoneer,
    "stripe": stripe,
    "crypto": crypto,
    "external": external,
}

FORMS: Final[Mapping[Method, tuple[Field, ...]]] = {
    "paypal": ("email", "country"),
    "wise": ("account_holder", "email", "iban", "account_number", "bic", "country"),
    "bank_transfer": ("account_holder", "iban", "account_number", "bic", "town", "country"),
    "payoneer": ("email", "country"),
    "stripe": (),
    "crypto": ("network", "address"),
    "external": ("reference", "country"),
}
"""The fields that a form for a method has; some may stay empty, and `validate` says which are missing."""


def validate(method: Method, given: Mapping[str, str | None]) -> Destination:
    """The destination of `given` fields for a method.

    Example: `validate("paypal", {"email": "Zoe@example.com"})` has the fields `{"email": "zoe@example.com"}` and shows
    `{"email": "z…@example.com"}`.

    Raises:
        InvalidRequest: names the field, without its value.
    """
    return KINDS[method](given)


def written(fields: Mapping[str, str]) -> str:
    """The fields as the text that is sealed and fingerprinted; the same fields give the same text."""
    return json.dumps(dict(fields), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def read(text: str) -> dict[str, str]:
    """The fields that `written` wrote."""
    fields: dict[str, str] = json.loads(text)
    return fields
