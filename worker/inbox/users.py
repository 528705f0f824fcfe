"""Ids of users of the merchant's own system, in metadata or as a client reference. Customer sign-ups have them, too."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from app.attribution.carriers import SIGN_UP
from app.attribution.names import ABSENT
from app.attribution.signups import references
from app.payments.facts import NameFact
from worker.inbox.handlers.fields import LONGEST_ID, Document, identity

KINDS: Final = ("customer", "subscription", "checkout.session", "payment_intent", "charge")
"""Objects that may have the id of a user. Stripe copies a PaymentIntent's metadata to its charge."""


def references_in(document: Document, load_fields: Callable[[], Iterable[str]]) -> tuple[NameFact, ...]:
    """The users that an object of `KINDS` names.

    Args:
        load_fields: gives the metadata fields with a user's id; called only if there is metadata.
    """
    # The oldest subscriptions have no id of their own: what is on them counts for the customer.
    object_id = identity(document) or identity(document.get("customer"))
    metadata, reference = document.get("metadata"), document.get("client_reference_id")
    found = {}
    if isinstance(metadata, Mapping) and metadata:
        found = {f"data.object.metadata.{name}": metadata.get(name) for name in load_fields()}
    found["data.object.client_reference_id"] = reference
    return tuple(
        NameFact(object_id, SIGN_UP, "", "", path, references.to_user(user))
        for path, value in found.items()
        if object_id and (user := _user(value))
    )


def _user(value: Any) -> str:
    """A user's id as it was written, trimmed; "" for a value that is none, such as text with control characters."""
    user = value.strip() if isinstance(value, str) and len(value) <= LONGEST_ID and value.isprintable() else ""
    return "" if user.lower() in ABSENT else user
