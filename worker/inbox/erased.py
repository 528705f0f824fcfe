"""Events that name erased people: their documents are stored without people before anything is read from them.

Deliveries, backfills, look-ups and replays all pass here, so nothing brings an erased person's data back.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from app.partners import erasing as partners
from app.partners.joining import addresses
from app.payments import erasing as payments
from app.payments.objects import LockedObjects
from app.stripe_events import erasing
from app.stripe_events.inbox import ClaimedEvent
from app.stripe_events.scope import Scope
from app.tombstones import redacting, tombstones
from app.tombstones.subjects import ADDRESS, MARK

_ID: Final = re.compile(r"[a-z]{2,}_[A-Za-z0-9_]+")


def without_erased(session: Session, events: Sequence[ClaimedEvent]) -> list[ClaimedEvent]:
    """The events; without people, also in the inbox, where a document names an erased id, address, or its object.

    Args:
        session: stores the documents that change.
        events: claimed; only those that may name erased people are looked at.
    """
    found = {event.id: event for event in events}
    checked = [event for event in events if event.may_name_erased]
    for owner in {event.scope.organization_id for event in checked}:
        of_owner = [event for event in checked if event.scope.organization_id == owner]
        found |= {event.id: _redacted(session, event) for event in _naming_erased(session, owner, of_owner)}
    return list(found.values())


def redact_objects(session: Session, scope: Scope, locked: LockedObjects) -> None:
    """Redact the stored documents about objects of erased customers.

    A document about a refund or an InvoicePayment names no customer. Whose it is may be known only from another
    document, which may arrive later.
    """
    owner = scope.organization_id
    customers = {known.customer for known in locked.objects.values() if known.customer}
    erased = tombstones.known(session, owner, customers)
    roots = {known.root for known in locked.objects.values() if known.customer in erased}
    object_ids = [known.id for known in locked.objects.values() if known.root in roots]
    if object_ids:
        erasing.redact_objects(session, owner, object_ids, partners.partners_names(session, owner))


def _naming_erased(session: Session, owner: UUID, events: Sequence[ClaimedEvent]) -> list[ClaimedEvent]:
    """Those of an organization's events that name something with a tombstone, or an object of such a customer."""
    texts = {event.id: {*redacting.texts_in(json.loads(event.payload)), event.scope.account} for event in events}
    every = set().union(*texts.values())
    object_ids = {text for text in every if _ID.fullmatch(text)}
    customers = payments.customers_by_object(session, owner, object_ids)
    marks = _marks(session, owner, every)
    erased = tombstones.known(session, owner, {*object_ids, *customers.values(), *marks.values()})
    return [
        event
        for event in events
        if any(not erased.isdisjoint({text, customers.get(text), marks.get(text)}) for text in texts[event.id])
    ]


def _marks(session: Session, owner: UUID, texts: set[str]) -> dict[str, str]:
    """The texts with an erased address, each with the name of its tombstone."""
    found = {text: addresses_in for text in texts if (addresses_in := ADDRESS.findall(text))}
    if not found:
        return {}
    salt = addresses.load_salt(session, owner)
    names = {
        text: [f"{MARK}{mark}" for address in addresses_in if (mark := addresses.mark(salt, address))]
        for text, addresses_in in found.items()
    }
    erased = tombstones.known(session, owner, {name for every in names.values() for name in every})
    return {text: name for text, every in names.items() for name in every if name in erased}


def _redacted(session: Session, event: ClaimedEvent) -> ClaimedEvent:
    is_partner = partners.partners_names(session, event.scope.organization_id)
    payload = erasing.redact_text(event.payload, is_partner)
    if payload != event.payload:
        erasing.store_payload(session, event.id, payload)
    return replace(event, payload=payload)
