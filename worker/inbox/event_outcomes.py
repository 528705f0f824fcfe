"""The outcome of each event of a batch, found from what settling did to its payment."""

from collections.abc import Mapping, Sequence
from typing import Final

from app.attribution.carriers import CLIENT_REFERENCE
from app.commissions.settling.settle import Settled
from app.commissions.settling.settlement import Cause
from app.immutable import immutable
from app.partners.queries.directory import Directory
from app.payments.facts import MONEY_KINDS, RETURN_KINDS, Kind, NameFact, ReadEvent
from app.payments.objects import LockedObjects, events_with_new_facts
from app.payments.payment_rows import PaymentRow
from app.payments.waiting import reasons
from app.sentences.outcomes import ABANDONED, COMMISSION_UNCHANGED, KNOWN, NAMES_NO_PARTNER, NAMES_SESSION
from app.stripe_events.inbox import Outcome
from app.stripe_sync.lookups import LookupRequest

EARNING: Final = ("accrued", "adjusted", "held")


@immutable
class Batch:
    """The events of one scope with the payment group that each is about.

    Attributes:
        events: the read events, in the order of the inbox.
        roots: by event id, the root of its payment group; "" without a payment group.
        about: the events by root, without those that have none.
        abandoned: checkout sessions that will not be paid.
        uncaptured: roots of payment groups whose money is only authorized.
        news: ids of the events with a new fact.
    """

    events: Sequence[ReadEvent]
    roots: Mapping[int, str]
    about: Mapping[str, Sequence[ReadEvent]]
    abandoned: frozenset[str]
    uncaptured: frozenset[str]
    news: frozenset[int]

    @classmethod
    def of(cls, events: Sequence[ReadEvent], locked: LockedObjects) -> "Batch":
        """`events` placed in the payment groups of `locked`."""
        abandoned, uncaptured = set(), set()
        for stored in locked.objects.values():
            if stored.kind == Kind.SESSION and stored.facts.get("abandoned"):
                abandoned.add(stored.id)
            elif stored.kind == Kind.CHARGE and stored.facts.get("captured") is False:
                uncaptured.add(stored.root)
        roots: dict[int, str] = {}
        about: dict[str, list[ReadEvent]] = {}
        for event in events:
            named = (
                mentioned.id for mentioned in event.reading.objects if mentioned.id and mentioned.kind in MONEY_KINDS
            )
            roots[event.id] = root = next((locked.objects[object_id].root for object_id in named), "")
            if root:
                about.setdefault(root, []).append(event)
        return cls(events, roots, about, frozenset(abandoned), frozenset(uncaptured), events_with_new_facts(locked))

    def has_new_facts(self, event: ReadEvent) -> bool:
        """Whether the event has a fact that was not stored before. An event without stored facts counts as new."""
        reading = event.reading
        return event.id in self.news or not (reading.objects or reading.names)

    def event_of(self, payment: PaymentRow) -> ReadEvent:
        """The event that is recorded as the cause of a payment's ledger entries.

        The first in inbox order that states the payment's amount; without one the first that returns money, else the
        first about the payment at all. For a payment that the batch reaches only through a changed binding, it is the
        first event that names a partner.
        """
        about = self.about.get(payment.root)
        if about:
            source = payment.state.base_details["source"]
            return min(about, key=lambda event: _cause_rank(event, source))
        return next((event for event in self.events if event.reading.names), self.events[0])

    def cause_of(self, payment: PaymentRow) -> Cause:
        """That event as the cause of the payment's ledger entries."""
        event = self.event_of(payment)
        is_backfill = all(each.is_backfill for each in self.about.get(payment.root, [event]))
        return Cause(event.stripe_id, event.occurred_at, is_backfill)


def _cause_rank(event: ReadEvent, source: str) -> tuple[int, int]:
    """The sort key of an event as the cause of a payment's entries; the event with the smallest key is the cause.

    Args:
        event: one about the payment.
        source: the kind of object that the payment's amount is from. For an invoice's payment the invoice has the
            amount: its charge has another one, with tax.
    """
    reading = event.reading
    if reading.states_amount:
        return (0 if reading.objects[0].kind == source else 1, event.id)
    return (2 if reading.is_return else 3, event.id)


def outcomes(
    batch: Batch, settled: Sequence[Settled], partners: Directory, newly_named: frozenset[str]
) -> dict[int, Outcome]:
    """The outcome of each event in `batch`, by event id.

    Args:
        batch: the events.
        settled: the effects of settling on the payments.
        partners: the partners that the events name.
        newly_named: the objects on which a new name was found.
    """
    moved: dict[int, str] = {}
    payments: dict[str, PaymentRow] = {}
    for effect in settled:
        cause = batch.event_of(effect.payment)
        if effect.has_moved and moved.get(cause.id) != "accrued":
            moved[cause.id] = "accrued" if effect.is_first_accrual else "adjusted"
        if effect.payment.merged_into_id is None and effect.payment.root:
            payments.setdefault(effect.payment.root, effect.payment)
    begun = {effect.payment.id for effect in settled if effect.is_first_accrual}
    by_event, named_before = {}, set[NameFact]()
    for event in batch.events:
        if event.id in moved:
            by_event[event.id] = Outcome(moved[event.id])
        else:
            has_new_name = any(
                name.object_id in newly_named and name not in named_before for name in event.reading.names
            )
            is_new = has_new_name or batch.has_new_facts(event)
            payment = payments.get(batch.roots[event.id])
            if is_new and payment is not None and payment.id in begun and event.reading.is_return:
                outcome = _of_return(payment, event.reading.objects[0].kind)  # the returned money never accrued
            else:
                outcome = _unmoved(event, payment, partners, has_new_name=has_new_name, is_new=is_new)
            by_event[event.id] = _ended(outcome, event, batch)
        named_before.update(event.reading.names)
    return by_event


def ended_waits(batch: Batch, settled: Sequence[Settled], locked: LockedObjects) -> dict[str, Outcome]:
    """The outcomes of events whose wait this batch ends, by the id of the object each is about."""
    groups = locked.payment_groups()
    ended: dict[str, Outcome] = {}
    for root in batch.uncaptured & locked.known_roots:
        ended |= {stored.id: Outcome("not_captured") for stored in groups[root] if stored.kind in RETURN_KINDS}
    for effect in settled:
        payment = effect.payment
        if payment.merged_into_id is not None or payment.outcome == "waiting":
            continue
        if not effect.former_outcome and payment.root not in locked.known_roots:
            continue  # nothing can have waited for a new payment
        ended |= {member.id: _ended_wait(payment, member.kind) for member in groups.get(payment.root, ())}
    return ended


def _ended_wait(payment: PaymentRow, kind: str) -> Outcome:
    """The outcome of an event about an object of this kind, once its payment is settled."""
    if kind in RETURN_KINDS:
        return _of_return(payment, kind)
    if payment.is_of_invoice and kind != Kind.INVOICE:
        return Outcome("merged")
    return Outcome(payment.outcome, payment.outcome_details)


def _unmoved(
    event: ReadEvent, payment: PaymentRow | None, partners: Directory, *, has_new_name: bool, is_new: bool
) -> Outcome:
    """The outcome of an event that moved no money."""
    reading = event.reading
    unchanged = Outcome("no_change", {"because": COMMISSION_UNCHANGED if is_new else KNOWN})
    if not reading.is_captured:
        return Outcome("not_captured")
    if reading.states_amount or reading.is_return:
        if payment is None:
            return _missing(event)
        return unchanged if payment.outcome in EARNING else Outcome(payment.outcome, payment.outcome_details)
    if names := _names_in(event, partners):
        return _named(event, names, partners, has_new_name=has_new_name) or unchanged
    if any(mentioned.kind == Kind.SESSION and mentioned.facts.get("unpaid") for mentioned in reading.objects):
        return Outcome("waiting", reasons.waiting(reasons.PAYMENT))
    if _links(event):
        return Outcome("bound")
    return _recorded(event, has_new_name=has_new_name) if is_new else unchanged


def _recorded(event: ReadEvent, *, has_new_name: bool) -> Outcome:
    """The outcome of an event that has new data, but names no partner and moves no money."""
    names_session = has_new_name and any(name.session_id for name in event.reading.names)
    return Outcome("recorded", {"because": NAMES_SESSION if names_session else NAMES_NO_PARTNER})


def _of_return(payment: PaymentRow, kind: str) -> Outcome:
    """The outcome of an event about returned money, once its payment is known.

    Args:
        kind: the kind of object it is about; a fraud warning returns no money.
    """
    if payment.outcome not in EARNING:
        return Outcome(payment.outcome, payment.outcome_details)
    if payment.state.returned_minor and kind != Kind.WARNING:
        return Outcome("adjusted")
    return Outcome("no_change", {"because": COMMISSION_UNCHANGED})


def _ended(outcome: Outcome, event: ReadEvent, batch: Batch) -> Outcome:
    """`outcome`, or the final one if no money will come: the payment was not captured, or its session was abandoned."""
    if outcome.name == "waiting" and event.reading.is_return and batch.roots[event.id] in batch.uncaptured:
        return Outcome("not_captured")  # the authorization is released; no money was captured
    is_abandoned = any(
        mentioned.kind == Kind.SESSION and mentioned.id in batch.abandoned for mentioned in event.reading.objects
    )
    if is_abandoned and outcome.name in {"waiting", "no_change", "recorded"}:
        return Outcome("no_change", {"because": ABANDONED})
    return outcome


def _missing(event: ReadEvent) -> Outcome:
    """The outcome of an event with an unknown payment: it waits; for a return, with the object to look up."""
    if not event.reading.is_return:
        return Outcome("waiting", reasons.waiting(reasons.AMOUNT))
    named = {mentioned.kind: mentioned.id for mentioned in reversed(event.reading.objects) if mentioned.id}
    reason = reasons.WARNED_PAYMENT if Kind.WARNING in named else reasons.RETURNED_PAYMENT
    source = next((kind for kind in (Kind.CHARGE, Kind.PAYMENT_INTENT, Kind.INVOICE) if kind in named), None)
    return Outcome("waiting", reasons.waiting(reason, LookupRequest(source, named[source]) if source else None))


def _names_in(event: ReadEvent, partners: Directory) -> list[str]:
    """The partners' names in an event. A client reference that is no partner's code is the merchant's own id."""
    named = [name for name in event.reading.names if name.name]
    return [name.name for name in named if name.carrier != CLIENT_REFERENCE or partners.find(name.name) is not None]


def _named(event: ReadEvent, names: Sequence[str], partners: Directory, *, has_new_name: bool) -> Outcome | None:
    """The outcome of an event that only names a partner; None if the name was known."""
    enrollment = next((found for name in names if (found := partners.find(name))), None)
    if enrollment is None:
        return Outcome("unknown_code", {"code": names[0]})
    if (verdict := enrollment.verdict()) != "earns":
        return Outcome(verdict)
    return Outcome("bound") if has_new_name or _links(event) else None


def _links(event: ReadEvent) -> bool:
    """Whether the event links Stripe objects to each other."""
    named = [mentioned for mentioned in event.reading.objects if mentioned.id and mentioned.kind != Kind.CUSTOMER]
    return len(named) > 1
