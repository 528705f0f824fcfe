"""Erases a person from the inbox: the documents lose people, and outcomes lose words."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app import bulk
from app.stripe_events.models import StripeEvent
from app.tombstones import redacting
from app.tombstones.subjects import OMITTED, Subject, folded

AT_ONCE: Final = 200
OF_SUBJECT: Final = """
    organization_id = :organization_id
    AND (object_id = ANY(CAST(:object_ids AS text[])) OR :pattern <> '' AND payload ~* :pattern)
"""
_PAGE: Final = text(f"""
    SELECT id, object_id, payload FROM stripe_events WHERE id > :after AND {OF_SUBJECT} ORDER BY id LIMIT :limit
""")
_ABOUT: Final = text("""
    SELECT id, payload FROM stripe_events
    WHERE object_id = ANY(CAST(:object_ids AS text[])) AND organization_id = :organization_id ORDER BY id
""")
_LOCK_DUE: Final = text("""
    SELECT event_id FROM due_events WHERE organization_id = :organization_id ORDER BY event_id FOR UPDATE
""")
_WORDS: Final = text("""
    UPDATE stripe_events SET
        outcome = CASE outcome WHEN 'unknown_code' THEN 'unattributed' ELSE outcome END,
        outcome_details = CASE outcome WHEN 'unknown_code' THEN '{}' ELSE outcome_details || jsonb_strip_nulls(
            jsonb_build_object('reason', CASE WHEN outcome_details ? 'reason' THEN CAST(:omitted AS text) END,
                               'by_hand', CASE WHEN outcome_details ? 'by_hand' THEN CAST(:omitted AS text) END)) END
    WHERE organization_id = :organization_id AND object_id = ANY(CAST(:object_ids AS text[]))
      AND (outcome = 'unknown_code' OR outcome_details ?| ARRAY['reason', 'by_hand'])
""")


class Payer(NamedTuple):
    """What the inbox says of a person: addresses, and names and telephone numbers, lower case."""

    addresses: frozenset[str]
    names: frozenset[str]


def wait_for_drains(session: Session, subject: Subject) -> None:
    """Lock the organization's due events: a drain that read them before ends first, and none claims them meanwhile."""
    session.execute(_LOCK_DUE, {"organization_id": subject.organization_id}).all()


def find_payer(session: Session, subject: Subject, object_ids: Collection[str]) -> Payer:
    """The addresses, names and telephone numbers in documents about the subject's customers and these objects of them.

    A document of another customer that only mentions one of them, as in its metadata, is not read.
    """
    found: set[tuple[str, str]] = set()
    of_customers = Subject(subject.organization_id, customers=subject.customers)
    for rows in _pages(session, of_customers, object_ids) if subject.customers else ():
        for row in rows:
            document = _document(row.payload) or {}
            if row.object_id in object_ids or redacting.customer_of(document) in subject.customers:
                found.update(redacting.payers(document))
    return Payer(
        frozenset(address for address in folded(one for kind, one in found if kind == "address") if "@" in address),
        folded(one for kind, one in found if kind == "name"),
    )


def erase(
    session: Session, subject: Subject, *, object_ids: Collection[str], is_partner: redacting.IsPartner
) -> Mapping[str, int]:
    """Redact every document that names the subject or is about one of these objects; returns the number of events.

    A document that only has the subject's name stays if it has another payer: two people may have one name.

    Args:
        session: reads every document of the organization once.
        subject: the person.
        object_ids: the person's Stripe objects.
        is_partner: whether a name is a partner's, which stays.
    """
    count = 0
    for rows in _pages(session, subject, object_ids):
        of_subject = [row for row in rows if row.object_id in object_ids or _names(subject, row.payload)]
        count += len(of_subject)
        _redact(session, of_subject, is_partner)
    return {"stripe_events": count}


def erase_words(session: Session, subject: Subject, object_ids: Collection[str]) -> None:
    """Remove people's words, and unknown names, from the outcomes of events about these objects."""
    values = {"organization_id": subject.organization_id, "object_ids": sorted(object_ids)}
    session.execute(_WORDS, {**values, "omitted": OMITTED})


def redact_objects(
    session: Session, organization_id: UUID, object_ids: Collection[str], is_partner: redacting.IsPartner
) -> None:
    """Redact the stored documents about these objects."""
    values = {"organization_id": organization_id, "object_ids": sorted(object_ids)}
    _redact(session, session.execute(_ABOUT, values).all(), is_partner)


def _names(subject: Subject, payload: str) -> bool:
    """Whether a document that may name the subject does, and not another person of the same name."""
    if subject.identity_pattern and re.search(subject.identity_pattern, payload, re.IGNORECASE):
        return True
    document = _document(payload)
    if document is None:
        return True
    has_other = redacting.customer_of(document) or any(kind == "address" for kind, _ in redacting.payers(document))
    return not has_other and any(map(subject.holds, redacting.texts_in(document)))


def _redact(session: Session, rows: Sequence[Row[Any]], is_partner: redacting.IsPartner) -> None:
    redacted = [{"id": row.id, "payload": redact_text(row.payload, is_partner)} for row in rows]
    changed = [one for one, row in zip(redacted, rows, strict=True) if one["payload"] != row.payload]
    bulk.update(session, StripeEvent, changed, key=("id",))


def redact_text(payload: str, is_partner: redacting.IsPartner) -> str:
    """The JSON text of an event without people; a text that is no JSON object becomes `{}`."""
    return json.dumps(redacting.redacted(_document(payload) or {}, is_partner))


def _document(payload: str) -> dict[str, Any] | None:
    """The JSON object that a text is; None if it is none."""
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


_STORE: Final = text("UPDATE stripe_events SET payload = :payload WHERE id = :id")


def store_payload(session: Session, event_id: int, payload: str) -> None:
    """Replace the document of one claimed event."""
    session.execute(_STORE, {"id": event_id, "payload": payload})


def _pages(session: Session, subject: Subject, object_ids: Collection[str]) -> Iterator[Sequence[Row[Any]]]:
    values = {
        "organization_id": subject.organization_id,
        "object_ids": sorted(object_ids),
        "pattern": subject.document_pattern,
        "limit": AT_ONCE,
    }
    after = 0
    while rows := session.execute(_PAGE, {**values, "after": after}).all():
        yield rows
        after = rows[-1].id
