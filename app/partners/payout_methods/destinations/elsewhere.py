"""Destinations kept elsewhere: a connected account at Stripe, or what the merchant's own system knows. Pure."""

from collections.abc import Mapping

from app.partners.payout_methods.destinations import fields
from app.partners.payout_methods.destinations.fields import Destination


def stripe(given: Mapping[str, str | None]) -> Destination:
    """The partner's connected account, which a payout takes when it is reserved. Raises InvalidRequest."""
    return Destination("stripe", fields.take(given, method="stripe", needed=()), {}, None)


def external(given: Mapping[str, str | None]) -> Destination:
    """What the merchant's own system pays by; `reference` is any name it knows. Raises InvalidRequest."""
    taken = fields.take(given, method="external", needed=(), more=("reference", "country"))
    masked = {"reference": fields.masked_end(taken["reference"])} if "reference" in taken else {}
    if "country" in taken:
        taken["country"] = fields.country(taken["country"])
    return Destination("external", taken, masked, taken.get("country"))
