"""Readers of fields in Stripe documents of every API version: the newest path first, then older ones.

A document's shape depends on the endpoint's API version, and some have old and new fields together, so readers use the
fields that are present, never a version number.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from app.attribution.names import fold
from app.errors import UnusableEvent
from app.payments.facts import NameFact

Document = Mapping[str, Any]

_KIND: Final = re.compile(r"[a-z_.]{1,40}")
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}", re.ASCII)
LONGEST_ID: Final = 255
"""Source: Stripe, "Upgrades": ids never exceed 255 characters."""
LARGEST_AMOUNT_MINOR: Final = 10**12
"""More than any amount at Stripe, and small enough that the sum of millions fits into 64 bits.

Source: Stripe, "Minimum and maximum charge amounts": at most twelve digits, in the currency with the most.
"""


def identity(value: object) -> str:
    """The id in a reference, which may be an id or an object; "" if there is none."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) and len(value) <= LONGEST_ID else ""


def own_id(document: Document) -> str:
    """The document's own id. Raises UnusableEvent without one."""
    object_id = identity(document)
    if not object_id:
        raise UnusableEvent("no_id")
    return object_id


def at(document: Document, *path: str) -> Any:
    """The value at `path`; None if a part of the path is missing."""
    value: Any = document
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def documents_in(value: object) -> list[Document]:
    """The documents in a list, without entries of another type; none if `value` is no list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def amount(document: Document, name: str, *, may_be_negative: bool = False) -> int:
    """The amount in field `name`, minor units. Raises UnusableEvent if it is missing or no possible amount."""
    value = optional_amount(document, name, may_be_negative=may_be_negative)
    if value is None:
        raise UnusableEvent("field_missing", object=_kind(document), field=name)
    return value


def optional_amount(document: Document, name: str, *, may_be_negative: bool = False) -> int | None:
    """The amount in field `name`, minor units; None if absent. Raises UnusableEvent if it is no possible amount."""
    value = at(document, name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnusableEvent("field_not_whole", object=_kind(document), field=name)
    least = -LARGEST_AMOUNT_MINOR if may_be_negative else 0
    if not least <= value <= LARGEST_AMOUNT_MINOR:
        raise UnusableEvent("field_out_of_range", object=_kind(document), field=name)
    return value


def currency(document: Document) -> str:
    """The lower-case currency code. Raises UnusableEvent without one."""
    value = document.get("currency")
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise UnusableEvent("field_missing", object=_kind(document), field="currency")
    return value.lower()


def presentment(document: Document) -> dict[str, Any] | None:
    """The amount shown to the customer in another currency: `amount_minor`, `currency`. Nothing is computed from it.

    Source: Stripe API reference, `presentment_details` of sessions, PaymentIntents and charges.
    """
    details = at(document, "presentment_details")
    shown = at(details, "presentment_currency") if isinstance(details, dict) else None
    if not isinstance(shown, str) or not _CURRENCY.fullmatch(shown):
        return None
    return {"amount_minor": optional_amount(details, "presentment_amount"), "currency": shown.lower()}


def names_in(metadata: object, object_id: str, carrier: str, field_path: str) -> tuple[NameFact, ...]:
    """The partner or touchpoint session named in `metadata`, which is at `field_path` of the event.

    Metadata comes from a browser: it may name a partner; a rate or an amount is never read from it.
    """
    if not isinstance(metadata, Mapping) or not object_id:
        return ()
    name = fold(metadata.get("affiliate_id"))
    session_id = fold(metadata.get("affiliate_session_id"))
    if not name and not session_id:
        return ()
    field = "affiliate_id" if name else "affiliate_session_id"
    return (NameFact(object_id, carrier, name, session_id, f"{field_path}.{field}"),)


_EMAILS: Final = (
    ("customer_details", "email"),
    ("customer_email",),
    ("billing_details", "email"),
    ("receipt_email",),
    ("customer", "email"),
)
"""Fields of sessions, invoices, charges and PaymentIntents (and their expanded customer) with the payer's address."""


def payer_emails(document: Document) -> tuple[str, ...]:
    """Every address of the payer in a Stripe object of a payment."""
    values = (at(document, *path) for path in _EMAILS)
    return tuple(address for address in values if isinstance(address, str) and address.isprintable())


def _kind(document: Document) -> str:
    """The document's `object`, such as `charge`; `object` if the field has no possible value."""
    kind = at(document, "object")
    return kind if isinstance(kind, str) and _KIND.fullmatch(kind) else "object"
