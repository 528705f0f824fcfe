"""Documents we fetched from Stripe ourselves: they go through the inbox like events, so that they replay like events.

The row of a fetched document is named after its content: the same content fetched twice is one row, and nothing
happens twice.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from app import bulk
from app.errors import ConfigurationError
from app.stripe_events.models import StripeEvent
from app.stripe_events.scope import Scope

TYPE_PREFIX: Final = "fetched."
DIGEST_CHARACTERS: Final = 16
SIGNED_ANEW: Final = frozenset(
    {"client_secret", "hosted_invoice_url", "invoice_pdf", "pdf", "receipt_url", "url", "hosted_verification_url"}
)
"""Fields left out: links and secrets that give access to something, many of them made anew at each fetch.

Source: an invoice's hosted URL ends in base64 of its account, its token and a number that follows the clock.
"""
_KEEP_FIRST: Final = "ON CONFLICT ON CONSTRAINT uq_stripe_events_identity DO NOTHING RETURNING id"


def record(
    session: Session, scope: Scope, documents: Iterable[Mapping[str, Any]], *, fetched_at: datetime, api_version: str
) -> int:
    """Put documents into the inbox as `fetched.<kind>`, due at once.

    Args:
        documents: Stripe objects, each with `id` and `object`.
        fetched_at: when they were fetched, by Stripe's clock where it is known: what they state counts from then.
        api_version: the version they were fetched in.

    Returns:
        How many were not known with this content; if any, wake a worker after the commit.

    Raises:
        ConfigurationError: a document is of the other mode: test money must never reach a live ledger.
    """
    return len(record_new(session, scope, documents, fetched_at=fetched_at, api_version=api_version))


def record_new(
    session: Session, scope: Scope, documents: Iterable[Mapping[str, Any]], *, fetched_at: datetime, api_version: str
) -> list[int]:
    """As `record`, but gives the new ones' numbers in the inbox."""
    rows: dict[str, dict[str, Any]] = {}
    for document in documents:
        if document.get("livemode") not in (None, scope.livemode):
            raise ConfigurationError("The API key is not of its endpoint's mode; set a key of the same mode.")
        row = _row(scope, document, fetched_at, api_version)
        rows[row["stripe_id"]] = row
    # Sorted, so that two who record the same documents at once never wait for each other in a circle.
    inserted = bulk.insert(session, StripeEvent, [rows[one] for one in sorted(rows)], tail=_KEEP_FIRST)
    return [row.id for row in inserted]


def name(document: Mapping[str, Any]) -> str:
    """The id of the inbox row of this content, `fetched:in_1Pg:0f3a…`; `document` as `stored` gives it."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"fetched:{document['id']}:{hashlib.sha256(canonical.encode()).hexdigest()[:DIGEST_CHARACTERS]}"


def object_in(stripe_id: str) -> str:
    """The object whose content an inbox row of this id holds; "" for an event of Stripe's own."""
    prefix, _, rest = stripe_id.partition(":")
    return rest.rpartition(":")[0] if prefix == "fetched" else ""


def stored(value: Any) -> Any:
    """A document, or a part of one, without what is `SIGNED_ANEW`."""
    if isinstance(value, Mapping):
        return {key: stored(inner) for key, inner in value.items() if key not in SIGNED_ANEW}
    return [stored(inner) for inner in value] if isinstance(value, list) else value


def _row(scope: Scope, document: Mapping[str, Any], fetched_at: datetime, api_version: str) -> dict[str, Any]:
    kept = stored(document)
    stripe_id, event_type = name(kept), f"{TYPE_PREFIX}{kept['object']}"
    envelope = {
        "id": stripe_id,
        "object": "event",
        "type": event_type,
        "created": int(fetched_at.timestamp()),
        "livemode": scope.livemode,
        "api_version": api_version,
        "data": {"object": kept},
    }
    if scope.account:
        envelope["account"] = scope.account
    return {
        **scope.parameters(),
        "stripe_id": stripe_id,
        "api_version": api_version,
        "type": event_type,
        "object_id": kept["id"],
        "occurred_at": fetched_at.replace(microsecond=0),
        "payload": json.dumps(envelope),
    }
