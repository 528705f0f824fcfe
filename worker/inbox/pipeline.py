"""One batch of events, from Stripe's documents to ledger rows, in the caller's transaction.

The steps: read → merge facts → group into payments → attribute → load → evaluate → post → finish. The steps from
grouping to posting are `settle_objects`; people's decisions, the clock, reports and promotions call it too.
"""

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from app.attribution import evidence
from app.attribution.promotions import used
from app.commissions.settling.settle import Settled, settle_objects
from app.errors import UnusableEvent
from app.partners.queries import directory
from app.payments import objects
from app.payments.facts import Kind, ReadEvent
from app.payments.objects import LockedObjects
from app.payments.waiting import invoice_links
from app.programs import programs
from app.sentences.outcomes import ABANDONED
from app.stripe_events import inbox, waits
from app.stripe_events.inbox import ClaimedEvent, Outcome
from app.stripe_events.scope import Scope
from app.stripe_sync import api_keys, lookups
from app.stripe_sync.fetched import object_in
from app.stripe_sync.lookups import LookupRequest
from worker.inbox import erased, event_outcomes, missing_data, payout_events, users
from worker.inbox.event_outcomes import Batch
from worker.inbox.handlers import fetched, table


def work(session: Session, events: Sequence[ClaimedEvent]) -> dict[int, Outcome]:
    """Process claimed events: effects, outcomes and the processed marks, all in this transaction.

    Returns:
        The outcomes by event id.
    """
    by_scope: dict[Scope, list[ClaimedEvent]] = {}
    if any(event.may_name_erased for event in events):
        events = erased.without_erased(session, events)
    for event in events:
        by_scope.setdefault(event.scope, []).append(event)
    outcomes: dict[int, Outcome] = {}
    with _garbage_collector_off():
        for scope in sorted(by_scope):  # the same order in all drains, to avoid deadlocks
            about_payouts = [event for event in by_scope[scope] if event.type in payout_events.TYPES]
            about_payments = [event for event in by_scope[scope] if event.type not in payout_events.TYPES]
            if about_payouts:
                outcomes |= payout_events.work(session, scope, about_payouts)
            if about_payments:
                outcomes |= _work_payments(session, scope, about_payments)
    inbox.finish(session, outcomes)
    return outcomes


@contextmanager
def _garbage_collector_off() -> Iterator[None]:
    """Switch the garbage collector off: a batch makes many objects without cycles, so collecting frees nothing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _work_payments(session: Session, scope: Scope, events: Sequence[ClaimedEvent]) -> dict[int, Outcome]:
    """The steps, for events of one organization, account and mode."""
    read, outcomes = _read(session, scope, events)
    locked = _merge_facts(session, scope, read)
    if any(event.may_name_erased for event in events):
        erased.redact_objects(session, scope, locked)
    batch = Batch.of(read, locked)
    settled = settle_objects(session, scope, locked, batch.cause_of)
    _end_waits(session, scope, batch, locked, settled)
    missing = _begin_waits(session, scope, locked, settled)
    outcomes |= _outcomes(session, scope, batch, locked, settled)
    fetched_objects = {object_id: outcomes[event.id] for event in events if (object_id := object_in(event.stripe_id))}
    waits.end_thin(session, scope, fetched_objects)
    is_backfill = all(event.is_backfill for event in events)
    missing |= missing_data.of_events(outcomes.values())
    lookups.insert_requests(session, scope, missing, is_backfill=is_backfill)
    return outcomes


def _read(session: Session, scope: Scope, events: Sequence[ClaimedEvent]) -> tuple[list[ReadEvent], dict[int, Outcome]]:
    """The events with their readings; and by id the outcome of those without one: ignored, thin or parked."""
    read: list[ReadEvent] = []
    outcomes: dict[int, Outcome] = {}
    user_id_fields = cache(lambda: programs.user_id_fields(session, scope.organization_id))
    for event in events:
        result = _read_one(session, event, user_id_fields)
        if isinstance(result, Outcome):
            outcomes[event.id] = result
        else:
            read.append(result)
    return read, outcomes


def _read_one(
    session: Session, event: ClaimedEvent, user_id_fields: Callable[[], Sequence[str]]
) -> ReadEvent | Outcome:
    document: dict[str, Any] = json.loads(event.payload)
    if table.is_thin(document):
        if not table.is_read(event.type):
            return Outcome("ignored_type")
        has_key = api_keys.is_configured(session, event.scope.organization_id, livemode=event.scope.livemode)
        return missing_data.of_thin_event(event, document, has_key=has_key)
    try:
        reading = table.read(document)
    except UnusableEvent as unusable:
        return Outcome("parked", unusable.problem)
    if reading.is_ignored:
        return Outcome("ignored_type")
    described = document["data"]["object"]
    if described.get("object") in users.KINDS:
        named = users.references_in(described, user_id_fields)
        reading = replace(reading, names=(*reading.names, *named)) if named else reading
    evident_at = fetched.evident_at(document) or event.occurred_at
    return ReadEvent(event.id, event.stripe_id, event.occurred_at, evident_at, reading, event.is_backfill)


def _merge_facts(session: Session, scope: Scope, events: Sequence[ReadEvent]) -> LockedObjects:
    """Store the facts of Stripe objects and the names of partners in the events. Locks their payment groups."""
    used.lock(session, scope, events)
    locked = objects.merge_facts(session, scope, events)
    return evidence.insert_names(session, scope, locked, events)


def _end_waits(session: Session, scope: Scope, batch: Batch, locked: LockedObjects, settled: Sequence[Settled]) -> None:
    """End the waiting of earlier events: this batch has what they wait for, or shows that it will never come."""
    waits.end(session, scope, event_outcomes.ended_waits(batch, settled, locked))
    waits.end_abandoned(session, scope, batch.abandoned, ABANDONED)


def _begin_waits(
    session: Session, scope: Scope, locked: LockedObjects, settled: Sequence[Settled]
) -> set[LookupRequest]:
    """The look-ups that payments need. Charges of customers with invoices begin to wait for a link to an invoice."""
    kinds = (Kind.INVOICE, Kind.SUBSCRIPTION)
    invoiced = {known.customer for known in locked.objects.values() if known.kind in kinds and known.customer}
    return missing_data.of_payments(settled, locked) | invoice_links.begin_waits(session, scope, invoiced)


def _outcomes(
    session: Session, scope: Scope, batch: Batch, locked: LockedObjects, settled: Sequence[Settled]
) -> dict[int, Outcome]:
    """The outcome of each event that was read, by its id."""
    names = {name.name for event in batch.events if not event.reading.states_amount for name in event.reading.names}
    partners = directory.load_directory(session, scope.organization_id, names=names)
    return event_outcomes.outcomes(batch, settled, partners, locked.newly_named)
