"""One batch of one organization's events, from facts to ledger rows, in the caller's transaction."""

import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from app.attribution import evidence
from app.attribution.attribute import attribute
from app.attribution.promotions import used
from app.commissions.settling import self_referral
from app.commissions.settling.settle import Settled, settle
from app.commissions.settling.settlement import Cause
from app.errors import UnusableEvent
from app.partners.finding import directory
from app.payments import objects, record
from app.payments.facts import RETURN_KINDS, Kind, ReadEvent
from app.payments.objects import LockedObjects
from app.payments.waiting import invoice_links
from app.sentences.outcomes import ABANDONED
from app.stripe_events import inbox, waits
from app.stripe_events.inbox import ClaimedEvent, Outcome
from app.stripe_events.scope import Scope
from app.stripe_sync import api_keys, lookups
from app.stripe_sync.fetched import object_in
from app.stripe_sync.lookups import Wanted
from worker.inbox import missing_data
from worker.inbox import outcomes as event_outcomes
from worker.inbox.handlers import fetched, table


def work(session: Session, events: Sequence[ClaimedEvent]) -> dict[int, Outcome]:
    """Work claimed events: effects, outcomes and the processed marks, all in this transaction.

    Returns:
        The outcomes by event id.
    """
    by_scope: dict[Scope, list[ClaimedEvent]] = {}
    for event in events:
        by_scope.setdefault(event.scope, []).append(event)
    outcomes: dict[int, Outcome] = {}
    with _uncollected():
        for scope in sorted(by_scope):  # one order for all drains, so that two never wait for each other in a circle
            outcomes |= _work_scope(session, scope, by_scope[scope])
    inbox.finish(session, outcomes)
    return outcomes


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let the garbage collector rest meanwhile: a batch makes a hundred thousand objects and no cycles of them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _work_scope(session: Session, scope: Scope, events: Sequence[ClaimedEvent]) -> dict[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    readable = []
    for event in events:
        read = _read(session, event)
        if isinstance(read, Outcome):
            outcomes[event.id] = read
        else:
            readable.append(read)
    wanted: set[Wanted] = set()
    if readable:
        settled, wanted = _settle(session, scope, readable)
        outcomes |= settled
    waits.end_thin(session, scope, _fetched(events, outcomes))
    lookups.want(session, scope, wanted | missing_data.of_events(outcomes.values()))
    return outcomes


def _read(session: Session, event: ClaimedEvent) -> ReadEvent | Outcome:
    """The event's facts, or its outcome where it has none for us."""
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
    evident_at = fetched.evident_at(document) or event.occurred_at
    return ReadEvent(event.id, event.stripe_id, event.occurred_at, evident_at, reading)


def _fetched(events: Sequence[ClaimedEvent], outcomes: Mapping[int, Outcome]) -> dict[str, Outcome]:
    """How the documents we fetched ended, by the object each is: thin events may wait for them."""
    found = {object_in(event.stripe_id): outcomes[event.id] for event in events}
    found.pop("", None)
    return found


def _settle(session: Session, scope: Scope, events: Sequence[ReadEvent]) -> tuple[dict[int, Outcome], set[Wanted]]:
    """The events' outcomes, and what could be asked of Stripe to know more."""
    used.lock(session, scope, events)
    known = objects.merge_facts(session, scope, events)
    newly_named = evidence.record(session, scope, events)
    known, newly_named = _reach_users(session, scope, known, newly_named)
    batch = event_outcomes.Batch.of(events, known)
    payments = record.assemble(session, scope, known.payment_groups())
    attributions = attribute(session, scope, known, payments, newly_named)
    attributions = self_referral.reach(session, scope, known, attributions)
    caused_by = event_outcomes.causes(batch, payments)
    reaching = next((event for event in events if event.reading.names), events[0])
    causes = {one: Cause(event.stripe_id, event.occurred_at) for one, event in caused_by.items()}
    settled = settle(session, scope, attributions, causes, Cause(reaching.stripe_id, reaching.occurred_at))
    caused_by |= {one.payment.id: reaching for one in settled if one.payment.id not in caused_by}
    _end_waiting(session, scope, known, settled, batch.uncaptured)
    waits.give_up(session, scope, batch.abandoned, ABANDONED)
    wanted = missing_data.of_payments(settled, known) | invoice_links.expect_links(
        session, scope, _invoiced_customers(known)
    )
    people = directory.load_directory(session, scope.organization_id, names=_bare_names(events))
    return event_outcomes.outcomes(batch, settled, caused_by, people, newly_named), wanted


def _reach_users(
    session: Session, scope: Scope, known: LockedObjects, newly_named: set[str]
) -> tuple[LockedObjects, set[str]]:
    """Add what a promotion was used on where something about the promotion itself was learned."""
    learned = {one for one in newly_named if used.is_promotion(one)}
    if not learned:
        return known, newly_named
    users = used.users_of(session, scope.organization_id, learned).get(scope, set())
    return objects.also_lock(session, scope, known, users), newly_named | users


def _invoiced_customers(known: LockedObjects) -> set[str]:
    """The customers of the invoices and subscriptions seen."""
    kinds = (Kind.INVOICE, Kind.SUBSCRIPTION)
    return {one.customer for one in known.objects.values() if one.kind in kinds and one.customer}


def _bare_names(events: Sequence[ReadEvent]) -> set[str]:
    """The names in events that state no payment: only their outcomes are about the name itself."""
    return {one.name for event in events if not event.reading.is_stating for one in event.reading.names}


def _end_waiting(
    session: Session, scope: Scope, known: LockedObjects, settled: Sequence[Settled], uncaptured: frozenset[str]
) -> None:
    """Rewrite the outcome of earlier events that waited for what has come now."""
    payment_groups = known.payment_groups()
    ended: dict[str, Outcome] = {}
    for root in uncaptured & known.met_before:
        ended |= {
            known_object.id: Outcome("not_captured")
            for known_object in payment_groups[root]
            if known_object.kind in RETURN_KINDS
        }
    for one in settled:
        payment = one.payment
        if payment.merged_into_id is not None or payment.outcome == "waiting":
            continue
        if not one.former_outcome and payment.root not in known.met_before:
            continue  # nothing can have waited for a payment that nothing was known of
        stated = Outcome(payment.outcome, payment.outcome_details)
        for known_object in payment_groups.get(payment.root, ()):
            is_merged = payment.is_of_invoice and known_object.kind != Kind.INVOICE
            is_return = known_object.kind in RETURN_KINDS
            ended[known_object.id] = (
                event_outcomes.of_return(payment, known_object.kind)
                if is_return
                else Outcome("merged")
                if is_merged
                else stated
            )
    waits.end(session, scope, ended)
