"""Erases a person from outbound webhooks: bodies of messages, answers of endpoints, a partner's postback URLs."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk
from app.outbox.models import OutboundMessage
from app.tombstones.subjects import OMITTED, Subject

ERASED_URL: Final = "https://erased.invalid/"
_OF_PARTNER: Final = ("metadata", "destination")
"""Fields of messages about a partner or its payouts that are emptied as a whole."""
_WORDS: Final = "failure_reason"
_MESSAGES: Final = text("""
    SELECT id, data FROM outbound_messages
    WHERE organization_id = :organization_id
      AND (data ->> 'id' = ANY(CAST(:partners AS text[])) OR data ->> 'partner_id' = ANY(CAST(:partners AS text[]))
           OR :pattern <> '' AND CAST(data AS text) ~* :pattern)
    ORDER BY id
""")
_ANSWERS: Final = text("""
    UPDATE outbound_attempts SET answer = NULL
    WHERE organization_id = :organization_id AND answer IS NOT NULL
      AND (delivery_id IN (SELECT id FROM outbound_deliveries WHERE message_id = ANY(:message_ids))
           OR :pattern <> '' AND answer ~* :pattern)
""")
_POSTBACKS: Final = text("""
    UPDATE outbound_endpoints SET url = :url, description = '', secret_encrypted = NULL,
        previous_secret_encrypted = NULL, deleted_at = coalesce(deleted_at, now())
    WHERE organization_id = :organization_id AND partner_id = ANY(:partner_ids)
""")


def erase(session: Session, subject: Subject) -> Mapping[str, int]:
    """Remove what names the person from messages and answers, and delete the partner's postback URLs.

    Messages about a partner and its payouts lose metadata and destinations as a whole.

    Returns:
        How many messages were about the person or named it.
    """
    values = {"organization_id": subject.organization_id, "pattern": subject.text_pattern}
    partners = subject.partners
    rows = session.execute(_MESSAGES, {**values, "partners": partners}).all()
    changed = [{"id": row.id, "data": _without(subject, row.data, partners)} for row in rows]
    bulk.update(session, OutboundMessage, changed, key=("id",))
    session.execute(_ANSWERS, {**values, "message_ids": [row.id for row in rows]})
    if subject.partner_ids:
        owner, partner_ids = subject.organization_id, list(subject.partner_ids)
        session.execute(_POSTBACKS, {"organization_id": owner, "partner_ids": partner_ids, "url": ERASED_URL})
    return {"outbound_messages": len(rows)}


def _without(subject: Subject, data: Mapping[str, Any], partners: list[str]) -> dict[str, Any]:
    about_partner = data.get("id") in partners or data.get("partner_id") in partners
    emptied: dict[str, Any] = {name: {} for name in _OF_PARTNER if data.get(name)}
    if data.get(_WORDS):
        emptied[_WORDS] = OMITTED
    shown = {**data, **emptied} if about_partner else data
    return {name: subject.without(value) for name, value in shown.items()}
