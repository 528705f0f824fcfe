"""Destinations that are an e-mail address: PayPal and Payoneer. Pure."""

from collections.abc import Mapping
from typing import Final

from app.partners.payout_methods.destinations import fields
from app.partners.payout_methods.destinations.fields import Destination, Method

PAYPAL_LONGEST: Final = 127
"""Characters of a receiver's address. Source: PayPal, Payouts API reference, `receiver`."""


def paypal(given: Mapping[str, str | None]) -> Destination:
    """A PayPal account by its address; `country` is the account's. Raises InvalidRequest."""
    return _by_email("paypal", given, PAYPAL_LONGEST)


def payoneer(given: Mapping[str, str | None]) -> Destination:
    """A Payoneer account by its address; `country` is the account's. Raises InvalidRequest."""
    return _by_email("payoneer", given, fields.LENGTHS["email"])


def _by_email(method: Method, given: Mapping[str, str | None], longest: int) -> Destination:
    taken = fields.take(given, method=method, needed=("email",), more=("country",))
    taken["email"] = fields.email(taken["email"], longest=longest)
    if "country" in taken:
        taken["country"] = fields.country(taken["country"])
    return Destination(method, taken, {"email": fields.masked_email(taken["email"])}, taken.get("country"))
