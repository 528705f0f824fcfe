"""Inserts documents fetched from Stripe into the inbox, where they are processed and replayed like events.

The id of a fetched document's row is made from its content, so that the same content fetched twice is one row.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from app import bulk
from app.errors import ConfigurationError
from app.stripe_events import inbox
from app.stripe_events.models import StripeEvent
from app.stripe_events.scope import Scope

TYPE_PREFIX: Final = "fetched."
DIGEST_CHARACTERS: Final = 16
LEFT_OUT: Final = frozenset(
    {"client_secret", "hosted_invoice_url", "invoice_pdf", "pdf", "receipt_url", "url", "hosted_verification_url"}
)
"""Fields that are left out: links and secrets that give access to something; many of them differ at each fetch.

Source: an invoice's hosted URL ends in base64 of its account, its token and a number that depends on the time.
"""
_KEEP_FIRST: Final = "ON CONFLICT ON CONSTRAINT uq_stripe_events_identity DO NOTHING RETURNING id"


def insert_documents(
    session: Session,
    scope: Scope,
    documents: Iterable[Mapping[str, Any]],
    *,
    fetched_at: datetime,
    api_version: str,
    is_backfill: bool = False,
) -> list[int]:
    """Insert documents into the inbox as `fetched.<kind>`, due at once.

    Args:
        session: inserts the rows.
        scope: the account and mode they were fetched from.
        documents: Stripe objects, each with `id` and `object`.
        fetched_at: when they were fetched, by Stripe's clock if it is known; their facts count from then.
        api_version: the API version of the request.
        is_backfill: whether a backfill inserts them.

    Returns:
        The inbox ids of documents whose content is new; if there are any, wake a worker after the commit.

    Raises:
        ConfigurationError: a document is of the other mode.
    """
    rows: dict[str, dict[str, Any]] = {}
    for document in documents:
        if document.get("livemode") not in (None, scope.livemode):
            raise ConfigurationError("The API key is not of its endpoint's mode; set a key of the same mode.")
        row = _row(scope, document, fetched_at, api_version)
        rows[row["stripe_id"]] = row
    # Sorted, so that two transactions with the same documents cannot deadlock.
    inserted = bulk.insert(session, StripeEvent, [rows[stripe_id] for stripe_id in sorted(rows)], tail=_KEEP_FIRST)
    event_ids = [row.id for row in inserted]
    inbox.make_due(session, event_ids, is_backfill=is_backfill)
    return event_ids


def name(document: Mapping[str, Any]) -> str:
    """The inbox row's Stripe id for this content, `fetched:in_1Pg:0f3a…`; `document` is the result of `stored`."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"fetched:{document['id']}:{hashlib.sha256(canonical.encode()).hexdigest()[:DIGEST_CHARACTERS]}"


def object_in(stripe_id: str) -> str:
    """The object id in a fetched document's Stripe id; "" for an event of Stripe."""
    prefix, _, rest = stripe_id.partition(":")
    return rest.rpartition(":")[0] if prefix == "fetched" else ""


def stored(value: Any) -> Any:
    """A document, or a part of one, without the fields of `LEFT_OUT`."""
    if isinstance(value, Mapping):
        return {key: stored(inner) for key, inner in value.items() if key not in LEFT_OUT}
    return [stored(inner) for inner in value] if isinstance(value, list) else value


def _row(scope: Scope, document: Mapping[str, Any], fetched_at: datetime, api_version: str) -> dict[str, Any]:
    content = stored(document)
    stripe_id, event_type = name(content), f"{TYPE_PREFIX}{content['object']}"
    envelope = {
        "id": stripe_id,
        "object": "event",
        "type": event_type,
        "created": int(fetched_at.timestamp()),
        "livemode": scope.livemode,
        "api_version": api_version,
        "data": {"object": content},
    }
    if scope.account:
        envelope["account"] = scope.account
    return {
        **scope.parameters(),
        "stripe_id": stripe_id,
        "api_version": api_version,
        "type": event_type,
        "object_id": content["id"],
        "occurred_at": fetched_at.replace(microsecond=0),
        "payload": json.dumps(envelope),
    }
