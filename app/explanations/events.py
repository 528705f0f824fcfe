"""An event's story: what it named, what it belongs to, what it moved, what it waits for."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.attribution.carriers import CARRIERS
from app.attribution.models import Evidence
from app.commissions.models import Commission, Conversion
from app.explanations import payments as payment_explanation
from app.explanations.rendering.payment_explanation import lines_of
from app.explanations.views import EntryNote
from app.payments import payment_objects
from app.payments.models import Payment, StripeObject
from app.sentences import outcomes
from app.stripe_events.listing import deliveries_of
from app.stripe_events.models import StripeEvent
from app.stripe_events.scope import Scope
from app.stripe_events.views import EventBody, event_body, event_fields
from app.views import Instant, Snake

MOST_PAYMENTS: Final = 20
"""An event about a customer or a subscription may concern hundreds; the newest are told."""


class NameNote(Snake):
    """A partner's name that stood somewhere."""

    object_id: str
    carrier: str
    carrier_in_words: str
    name: str
    field_path: str = Field(examples=["data.object.metadata.affiliate_id"])
    event_id: str = Field(description="The earliest event that said so.")
    evident_at: Instant


class LinkNote(Snake):
    """A Stripe object that is the same movement of money."""

    kind: str = Field(examples=["payment_intent"])
    id: str


class MovedNote(Snake):
    """What an event moved on one commission."""

    entry: EntryNote
    commission_id: str
    partner_id: str
    payment_id: str


class EventStory(EventBody):
    """An event with what it said and what it led to."""

    sentences: list[str] = Field(description="The story, for people.")
    names: list[NameNote] = Field(description="Partners' names on its object, its customer and its subscription.")
    linked: list[LinkNote] = Field(description="What is one movement of money with its object.")
    waiting_for: str | None
    waiting_since: Instant | None
    deliveries: list[EventBody] = Field(description="The same event in another API version, account or mode.")
    payments: list[str] | None = Field(default=None, description="The payments its object is a part of.")
    moved: list[MovedNote] | None = Field(default=None, description="For keys that may read commissions.")


def tell_event(session: Session, event: StripeEvent, *, with_money: bool = True) -> EventStory:
    """The event's story; `with_money` False leaves out payments and what moved, for who may not read them."""
    own = payment_objects.payment_objects_of(session, scope_of(event), event.object_id) if event.object_id else []
    is_waiting = event.outcome == "waiting"
    told = EventStory(
        **event_fields(event),
        sentences=[],
        names=_names(session, event, own),
        linked=[LinkNote(kind=one.kind, id=one.id) for one in own if one.id != event.object_id],
        waiting_for=outcomes.waiting_for(event.outcome_details) if is_waiting else None,
        waiting_since=event.processed_at if is_waiting else None,
        deliveries=[event_body(one) for one in deliveries_of(session, event)],
    )
    if with_money:
        payments = payments_of_event(session, event)
        named = [ids.encode(ids.PAYMENT, payment.id) for payment in payments]
        told = told.model_copy(update={"payments": named, "moved": _moved(session, event, payments)})
    return told.model_copy(update={"sentences": list(_sentences(told))})


def payments_of_event(session: Session, event: StripeEvent) -> list[Payment]:
    """The newest payments that the event's object is a part of."""
    if not event.object_id:
        return []
    return payment_objects.payments_of(session, scope_of(event), event.object_id, limit=MOST_PAYMENTS)


def standing_of(payments: Sequence[Payment]) -> list[Payment]:
    """`payments` without those merged into another of them: the same money is told once."""
    own = {payment.id for payment in payments}
    return [payment for payment in payments if payment.merged_into_id not in own]


def scope_of(row: StripeEvent | Payment | StripeObject) -> Scope:
    """Whose Stripe ids those of this row are."""
    return Scope(row.organization_id, row.account, row.livemode)


def names_on(session: Session, scope: Scope, object_ids: Iterable[str]) -> list[NameNote]:
    """The partners' names on these objects, oldest first."""
    found = select(Evidence).where(
        Evidence.organization_id == scope.organization_id,
        Evidence.account == scope.account,
        Evidence.livemode == scope.livemode,
        Evidence.object_id.in_(sorted(object_ids)),
    )
    rows = session.scalars(found.order_by(Evidence.evident_at, Evidence.id))
    return [_name(row) for row in rows]


def name_sentence(note: NameNote) -> str:
    """Where a name stood."""
    return f"{note.object_id} says {note.name!r} in {note.field_path}: {note.carrier_in_words} ({note.event_id})."


def _name(row: Evidence) -> NameNote:
    return NameNote(
        object_id=row.object_id,
        carrier=row.carrier,
        carrier_in_words=CARRIERS[row.carrier],
        name=row.name or row.refers_to or row.session_id,
        field_path=row.field_path,
        event_id=row.stripe_event_id,
        evident_at=row.evident_at,
    )


def _names(session: Session, event: StripeEvent, own: Sequence[StripeObject]) -> list[NameNote]:
    everybody = {one for known in own for one in (known.id, known.customer, known.subscription)}
    return names_on(session, scope_of(event), everybody - {""})


def _moved(session: Session, event: StripeEvent, payments: Sequence[Payment]) -> list[MovedNote]:
    payment_of_conversion = {
        conversion.id: conversion.payment_id
        for conversion in session.scalars(
            select(Conversion).where(Conversion.payment_id.in_([payment.id for payment in payments]))
        )
    }
    commissions = session.scalars(select(Commission).where(Commission.conversion_id.in_(payment_of_conversion))).all()
    entries = payment_explanation.entries_of(
        session, [commission.id for commission in commissions], cause=event.stripe_id
    )
    return [
        MovedNote(
            entry=entry,
            commission_id=ids.encode(ids.COMMISSION, commission.id),
            partner_id=ids.encode(ids.PARTNER, commission.partner_id),
            payment_id=ids.encode(ids.PAYMENT, payment_of_conversion[commission.conversion_id]),
        )
        for commission in commissions
        for entry in entries[commission.id]
    ]


def _sentences(told: EventStory) -> Iterator[str]:
    about = f" about {told.object_id}" if told.object_id else ""
    yield (
        f"{told.type} {told.id}{about} happened {_moment(told.occurred_at)} and came {_moment(told.received_at)}"
        f" ({', '.join(_circumstances(told))})."
    )
    for one in told.deliveries:
        yield f"It also came as number {one.inbox_id} ({', '.join(_circumstances(one))}): {one.reason}"
    for name in told.names:
        yield name_sentence(name)
    if told.linked:
        yield f"One movement of money with it: {', '.join(link.id for link in told.linked)}."
    yield from _ending(told)
    for moved in told.moved or ():
        yield f"It moved {moved.commission_id}: {moved.entry.reason} [{lines_of(moved.entry)}]"


def _ending(told: EventStory) -> Iterator[str]:
    since = f" It has waited since {_moment(told.waiting_since)}." if told.waiting_since else ""
    yield f"{told.reason}{since}"
    if told.outcome == "parked":
        tried = f"tried {_times(told.attempts)}" if told.attempts else "parked at once, because no retry can help"
        yield (
            f"It was {tried}; other events are not held up by it. Once the cause is gone, "
            f"`accrual events replay {told.id}` works it as if it had just come."
        )
    elif told.next_attempt_at is not None and told.attempts:
        error = f" The last error: {told.last_error}." if told.last_error else ""
        yield f"It failed {_times(told.attempts)} and is tried again at {_moment(told.next_attempt_at)}.{error}"


def _circumstances(one: EventBody) -> list[str]:
    parts = [f"API version {one.api_version}"] if one.api_version else []
    if one.account:
        parts.append(f"connected account {one.account}")
    return [*parts, "live mode" if one.livemode else "test mode"]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
