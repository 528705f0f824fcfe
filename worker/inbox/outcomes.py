"""How each event of a batch ended, from what settling did to its payment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.attribution.carriers import CLIENT_REFERENCE
from app.commissions.settling.settle import Settled
from app.partners.finding.directory import Directory
from app.payments.facts import MONEY_KINDS, Kind, NameFact, ReadEvent
from app.payments.objects import LockedObjects
from app.payments.record import PaymentRecord
from app.payments.state.news import events_with_news
from app.payments.waiting import reasons
from app.sentences.outcomes import ABANDONED, COMMISSION_UNCHANGED, KNOWN, NAMES_NO_PARTNER, NAMES_SESSION
from app.stripe_events.inbox import Outcome
from app.stripe_sync.lookups import Wanted

EARNING: Final = ("accrued", "adjusted", "held")


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of one scope with the component each belongs to."""

    events: Sequence[ReadEvent]
    roots: Mapping[int, str]
    """By event id, the root of the money it is about; "" if it is about none."""
    abandoned: frozenset[str]
    """Sessions of which no payment will come."""
    uncaptured: frozenset[str]
    """Roots of money that is only held."""
    news: frozenset[int]
    """Events that state what was not known before them."""

    @classmethod
    def of(cls, events: Sequence[ReadEvent], known: LockedObjects) -> "Batch":
        """`events` placed in the payment_groups of `known`."""
        abandoned, uncaptured = set(), set()
        for one in known.objects.values():
            if one.kind == Kind.SESSION and one.facts.get("abandoned"):
                abandoned.add(one.id)
            elif one.kind == Kind.CHARGE and one.facts.get("captured") is False:
                uncaptured.add(one.root)
        roots = {event.id: _root(event, known) for event in events}
        return cls(events, roots, frozenset(abandoned), frozenset(uncaptured), events_with_news(known))

    def says_something_new(self, event: ReadEvent) -> bool:
        """Whether the event states what was not known before it. Of what nothing is kept, every statement is new."""
        reading = event.reading
        return event.id in self.news or not (reading.objects or reading.names)


def _root(event: ReadEvent, known: LockedObjects) -> str:
    for one in event.reading.objects:
        if one.id and one.kind in MONEY_KINDS:
            return known.objects[one.id].root
    return ""


def causes(batch: Batch, records: Sequence[PaymentRecord]) -> dict[UUID, ReadEvent]:
    """The event each payment's settlement is put down to.

    The first in inbox order that states the payment's amount; without one the first that returns money, else the first
    about the payment at all. Payments the batch reaches only through a changed binding are not among `records`.
    """
    about: dict[str, list[ReadEvent]] = {}
    for event in batch.events:
        about.setdefault(batch.roots[event.id], []).append(event)
    return {one.id: min(about[one.root], key=_claim_on(one)) for one in records if one.root in about}


def _claim_on(payment: PaymentRecord) -> Callable[[ReadEvent], tuple[int, int]]:
    """How strong an event's claim is to have settled `payment`; the smallest is the strongest.

    An invoice's payment is stated by the invoice: its charge tells another amount, with tax.
    """
    source = payment.state.base_details["source"]

    def claim(event: ReadEvent) -> tuple[int, int]:
        reading = event.reading
        if reading.is_stating:
            return (0 if reading.objects[0].kind == source else 1, event.id)
        return (2 if reading.is_return else 3, event.id)

    return claim


def outcomes(
    batch: Batch,
    settled: Sequence[Settled],
    caused_by: Mapping[UUID, ReadEvent],
    people: Directory,
    newly_named: set[str],
) -> dict[int, Outcome]:
    """The outcome of each event in `batch`, by event id; `newly_named` are the objects a new name was found on."""
    moved: dict[int, str] = {}
    begun = {one.payment.id for one in settled if one.is_first_accrual}
    standing: dict[str, PaymentRecord] = {}
    for one in settled:
        cause = caused_by.get(one.payment.id)
        if one.has_moved and cause is not None and moved.get(cause.id) != "accrued":
            moved[cause.id] = "accrued" if one.is_first_accrual else "adjusted"
        if one.payment.merged_into_id is None and one.payment.root:
            standing.setdefault(one.payment.root, one.payment)
    found, named_before = {}, set[NameFact]()
    for event in batch.events:
        if event.id in moved:
            found[event.id] = Outcome(moved[event.id])
        else:
            names_anew = any(one.object_id in newly_named and one not in named_before for one in event.reading.names)
            is_news = names_anew or batch.says_something_new(event)
            payment = standing.get(batch.roots[event.id])
            if is_news and payment is not None and payment.id in begun and event.reading.is_return:
                outcome = of_return(payment, event.reading.objects[0].kind)  # what it took was never accrued
            else:
                outcome = _unmoved(event, payment, people, names_anew=names_anew, is_news=is_news)
            found[event.id] = _ended(outcome, event, batch)
        named_before.update(event.reading.names)
    return found


def _unmoved(
    event: ReadEvent, payment: PaymentRecord | None, people: Directory, *, names_anew: bool, is_news: bool
) -> Outcome:
    """The outcome of an event that moved no money."""
    reading = event.reading
    unchanged = Outcome("no_change", {"because": COMMISSION_UNCHANGED if is_news else KNOWN})
    if not reading.is_captured:
        return Outcome("not_captured")
    if reading.is_stating or reading.is_return:
        if payment is None:
            return _missing(event)
        return unchanged if payment.outcome in EARNING else Outcome(payment.outcome, payment.outcome_details)
    if names := _names_in(event, people):
        return _named(event, names, people, names_anew=names_anew) or unchanged
    if any(one.kind == Kind.SESSION and one.facts.get("unpaid") for one in reading.objects):
        return Outcome("waiting", reasons.waiting(reasons.PAYMENT))
    if _links(event):
        return Outcome("bound")
    return _recorded(event, names_anew=names_anew) if is_news else unchanged


def _recorded(event: ReadEvent, *, names_anew: bool) -> Outcome:
    """The outcome of an event that says something new, but names no partner and moves no money."""
    names_session = names_anew and any(one.session_id for one in event.reading.names)
    return Outcome("recorded", {"because": NAMES_SESSION if names_session else NAMES_NO_PARTNER})


def of_return(payment: PaymentRecord, kind: str) -> Outcome:
    """The outcome of an event about money that came back, once its payment is there.

    Args:
        kind: what tells of it; a fraud warning takes no money.
    """
    if payment.outcome not in EARNING:
        return Outcome(payment.outcome, payment.outcome_details)
    if payment.state.returned_minor and kind != Kind.WARNING:
        return Outcome("adjusted")
    return Outcome("no_change", {"because": COMMISSION_UNCHANGED})


def _ended(outcome: Outcome, event: ReadEvent, batch: Batch) -> Outcome:
    """`outcome`, but not waiting for what will never come, nor silent about why."""
    if outcome.name == "waiting" and event.reading.is_return and batch.roots[event.id] in batch.uncaptured:
        return Outcome("not_captured")  # the authorization is released; no money was captured
    is_abandoned = any(one.kind == Kind.SESSION and one.id in batch.abandoned for one in event.reading.objects)
    if is_abandoned and outcome.name in {"waiting", "no_change", "recorded"}:
        return Outcome("no_change", {"because": ABANDONED})
    return outcome


def _missing(event: ReadEvent) -> Outcome:
    """An event whose payment is not known waits for it; a return says which object would name it."""
    if not event.reading.is_return:
        return Outcome("waiting", reasons.waiting(reasons.AMOUNT))
    named = {one.kind: one.id for one in reversed(event.reading.objects) if one.id}
    reason = reasons.WARNED_PAYMENT if Kind.WARNING in named else reasons.RETURNED_PAYMENT
    source = next((kind for kind in (Kind.CHARGE, Kind.PAYMENT_INTENT, Kind.INVOICE) if kind in named), None)
    return Outcome("waiting", reasons.waiting(reason, Wanted(source, named[source]) if source else None))


def _names_in(event: ReadEvent, people: Directory) -> list[str]:
    """The partners' names in an event. A client reference that is no partner's code is the merchant's own id."""
    named = [one for one in event.reading.names if one.name]
    return [one.name for one in named if one.carrier != CLIENT_REFERENCE or people.find(one.name) is not None]


def _named(event: ReadEvent, names: Sequence[str], people: Directory, *, names_anew: bool) -> Outcome | None:
    """The outcome of an event that only names a partner; None if that was known."""
    enrollment = next((found for name in names if (found := people.find(name))), None)
    if enrollment is None:
        return Outcome("unknown_code", {"code": names[0]})
    if not enrollment.earns:
        return Outcome(enrollment.verdict)
    return Outcome("bound") if names_anew or _links(event) else None


def _links(event: ReadEvent) -> bool:
    """Whether the event told which Stripe objects belong together."""
    named = [one for one in event.reading.objects if one.id and one.kind != Kind.CUSTOMER]
    return len(named) > 1
