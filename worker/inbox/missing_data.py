"""Stripe data to fetch after a batch, by the outcomes of its payments and events."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.commissions.settling.settle import Settled
from app.payments.objects import LockedObjects
from app.payments.waiting import reasons
from app.stripe_events.inbox import ClaimedEvent, Outcome
from app.stripe_sync import lookups
from app.stripe_sync.lookups import LookupRequest

UNNAMED: Final = ("unattributed", "unknown_code")
NO_KEY: Final = {"problem": "thin_without_key"}
NO_OBJECT: Final = {"problem": "thin_without_object"}


def of_payments(settled: Sequence[Settled], locked: LockedObjects) -> set[LookupRequest]:
    """Look-ups that could end the wait of payments, or name their partner."""
    requests = set()
    for effect in settled:
        payment = effect.payment
        if payment.outcome == "waiting":
            requests |= _named_in(payment.outcome_details)
        elif payment.outcome in UNNAMED and payment.is_of_invoice and payment.state.customer:
            customer = locked.objects.get(payment.state.customer)
            if customer is None or not customer.facts.get("seen"):
                requests.add(LookupRequest("customer", payment.state.customer))
    return requests


def of_events(outcomes: Iterable[Outcome]) -> set[LookupRequest]:
    """Look-ups that could end the wait of events."""
    return {request for outcome in outcomes if outcome.name == "waiting" for request in _named_in(outcome.details)}


def of_thin_event(event: ClaimedEvent, document: Mapping[str, Any], *, has_key: bool) -> Outcome:
    """The outcome of a thin event: it waits for its object to be fetched, if there is an API key."""
    if not has_key:
        return Outcome("unusable", NO_KEY)
    related = document.get("related_object")
    kind, object_id = (related.get("type"), related.get("id")) if isinstance(related, dict) else (None, None)
    if kind not in lookups.OBJECTS or not isinstance(object_id, str):
        return Outcome("unusable", NO_OBJECT)
    return Outcome("waiting", reasons.waiting(reasons.FETCHED_OBJECT, LookupRequest(kind, object_id, event.stripe_id)))


def _named_in(details: Mapping[str, Any]) -> set[LookupRequest]:
    if "look_up" not in details:
        return set()
    return {LookupRequest(details["look_up"], details["object_id"], details.get("asked_for", ""))}
