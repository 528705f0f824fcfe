"""Postback URLs of partners: their placeholders, and the URL that is called for a message. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from app.errors import AddressRefused
from app.outbound import addresses

PLACEHOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "event": ("type",),
    "message_id": ("message_id",),
    "id": ("id",),
    "conversion_id": ("conversionId",),
    "program_id": ("programId", "campaignId", "program_id"),
    "partner_code": ("partnerCode",),
    "amount": ("amount",),
    "reversed_amount": ("reversedAmount",),
    "commission_cents": ("commissionCents",),
    "net_cents": ("net_cents",),
    "currency": ("currency",),
    "status": ("status",),
    "occurred_at": ("occurredAt",),
    "reference": ("reference",),
    "sequence": ("sequence",),
}
"""What a URL may name, and the fields that give it: the first that the message has. No field of a customer is one."""
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]*)\}")


def check(url: str, *, allow_private: bool) -> None:
    """Refuse a postback URL that may not be called.

    Raises:
        AddressRefused: as `addresses.parse`; `url_placeholder` if braces are outside the query, or name something else
            than `PLACEHOLDERS`.
    """
    addresses.parse(url, allow_private=allow_private)
    before_query, _, query = url.partition("?")
    names = _PLACEHOLDER.findall(query)
    rest = before_query + _PLACEHOLDER.sub("", query)
    if "{" in rest or "}" in rest or not set(names) <= PLACEHOLDERS.keys():
        raise AddressRefused("url_placeholder", known=", ".join(PLACEHOLDERS))


def fill(url: str, values: Mapping[str, Any]) -> str:
    """The URL with each placeholder replaced by its value, percent-encoded; by nothing if the message has none.

    Args:
        url: one that `check` accepted.
        values: the fields of the message's data, with its `type` and `message_id`.
    """
    before_query, mark, query = url.partition("?")
    return before_query + mark + _PLACEHOLDER.sub(lambda found: quote(_value(found[1], values), safe=""), query)


def _value(name: str, values: Mapping[str, Any]) -> str:
    given = (values[field] for field in PLACEHOLDERS.get(name, ()) if values.get(field) is not None)
    return str(next(given, ""))
