"""The explanation of an event: partners it named, payments it belongs to, commissions it moved, what it waits for."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.attribution.models import Evidence
from app.bulk import among
from app.commissions.models import Commission, Conversion
from app.explanations import payments as payment_explanation
from app.explanations.payment_sentences import lines_of
from app.explanations.search import field_text
from app.explanations.views import EntryNote
from app.payments import payment_objects
from app.payments.models import Payment, StripeObject
from app.sentences import outcomes
from app.sentences.say import Minute, listed, say
from app.stripe_events.models import StripeEvent
from app.stripe_events.queries import deliveries_of
from app.stripe_events.scope import Scope
from app.stripe_events.views import EventBody, event_body, event_fields
from app.views import Instant, Snake

MOST_PAYMENTS: Final = 20
"""The most payments shown: an event about a customer or a subscription may concern hundreds; the newest are shown."""


class NameNote(Snake):
    """A partner's name that was found on a Stripe object."""

    object_id: str
    carrier: str
    carrier_text: str = Field(description="The carrier, for people.")
    name: str
    field_path: str = Field(examples=["data.object.metadata.affiliate_id"])
    event_id: str = Field(description="The earliest event with this name.")
    evident_at: Instant


class LinkNote(Snake):
    """A Stripe object of the same movement of money."""

    kind: str = Field(examples=["payment_intent"])
    id: str


class MovedNote(Snake):
    """The change of a commission by an event."""

    entry: EntryNote
    commission_id: str
    partner_id: str
    payment_id: str


class EventExplanation(EventBody):
    """An event, the facts in it and its effects."""

    sentences: list[str] = Field(description="The whole explanation, for people.")
    names: list[NameNote] = Field(description="Partners' names on its object, its customer and its subscription.")
    linked: list[LinkNote] = Field(description="The other Stripe objects of the same movement of money.")
    waiting_for: str | None
    waiting_since: Instant | None
    deliveries: list[EventBody] = Field(
        description="The same event in another API version, account or mode, or through an endpoint of the other mode."
    )
    payments: list[str] | None = Field(default=None, description="The payments its object is a part of.")
    moved: list[MovedNote] | None = Field(default=None, description="For keys that may read commissions.")


def explain_event(session: Session, event: StripeEvent, *, with_money: bool = True) -> EventExplanation:
    """The explanation of the event; `with_money` False leaves out payments and commissions."""
    about = _read_object_id(event)
    own = payment_objects.payment_objects_of(session, Scope.of(event), about) if about else []
    is_waiting = event.outcome == "waiting"
    explained = EventExplanation(
        **event_fields(event),
        sentences=[],
        names=_names(session, event, own),
        linked=[LinkNote(kind=stored.kind, id=stored.id) for stored in own if stored.id != event.object_id],
        waiting_for=outcomes.waiting_for(event.outcome_details) if is_waiting else None,
        waiting_since=event.processed_at if is_waiting else None,
        deliveries=[event_body(delivery) for delivery in deliveries_of(session, event)],
    )
    if with_money:
        payments = payments_of_event(session, event)
        named = [ids.encode(ids.PAYMENT, payment.id) for payment in payments]
        explained = explained.model_copy(update={"payments": named, "moved": _moved(session, event, payments)})
    return explained.model_copy(update={"sentences": list(_sentences(explained))})


def payments_of_event(session: Session, event: StripeEvent) -> list[Payment]:
    """The newest payments that the event's object is a part of; of a `wrong_mode` event none."""
    about = _read_object_id(event)
    if not about:
        return []
    scope = Scope.of(event)
    own = payment_objects.payment_objects_of(session, scope, about)
    return payment_objects.payments_of(session, scope, about, own, limit=MOST_PAYMENTS)


def _read_object_id(event: StripeEvent) -> str:
    """The id of the event's object; "" for a `wrong_mode` event, which is not read whatever object it names."""
    return "" if event.is_wrong_mode else event.object_id


def unmerged(payments: Sequence[Payment]) -> list[Payment]:
    """`payments` without those merged into another of them: the same money is shown once."""
    own = {payment.id for payment in payments}
    return [payment for payment in payments if payment.merged_into_id not in own]


def names_on(session: Session, scope: Scope, object_ids: Iterable[str]) -> list[NameNote]:
    """The partners' names on these objects, oldest first."""
    query = select(Evidence).where(
        Evidence.organization_id == scope.organization_id,
        Evidence.account == scope.account,
        Evidence.livemode == scope.livemode,
        Evidence.object_id.in_(sorted(object_ids)),
    )
    rows = session.scalars(query.order_by(Evidence.evident_at, Evidence.id))
    return [_name(row) for row in rows]


def name_sentence(note: NameNote) -> str:
    """On which object and where a name was found."""
    return say(
        "event.names",
        object=note.object_id,
        name=note.name,
        field=field_text(note.field_path),
        carrier=note.carrier_text,
        event=note.event_id,
    )


def _name(row: Evidence) -> NameNote:
    return NameNote(
        object_id=row.object_id,
        carrier=row.carrier,
        carrier_text=say(f"carrier.{row.carrier}"),
        name=row.name or row.refers_to or row.session_id,
        field_path=row.field_path,
        event_id=row.stripe_event_id,
        evident_at=row.evident_at,
    )


def _names(session: Session, event: StripeEvent, own: Sequence[StripeObject]) -> list[NameNote]:
    object_ids = {object_id for known in own for object_id in (known.id, known.customer, known.subscription)}
    return names_on(session, Scope.of(event), object_ids - {""})


def _moved(session: Session, event: StripeEvent, payments: Sequence[Payment]) -> list[MovedNote]:
    payment_of_conversion = {
        conversion.id: conversion.payment_id
        for conversion in session.scalars(
            select(Conversion).where(among(Conversion.payment_id, [payment.id for payment in payments]))
        )
    }
    of_these = select(Commission).where(among(Commission.conversion_id, payment_of_conversion))
    commissions = session.scalars(of_these.order_by(Commission.conversion_id, Commission.level, Commission.id)).all()
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


def _sentences(explained: EventExplanation) -> Iterator[str]:
    yield say(
        "event.head_about" if explained.object_id else "event.head",
        type=explained.type,
        id=explained.id,
        object=explained.object_id or "",
        occurred=Minute(explained.occurred_at),
        received=Minute(explained.received_at),
        circumstances=_circumstances(explained),
    )
    for delivery in explained.deliveries:
        yield say(
            "event.also_came", number=delivery.inbox_id, circumstances=_circumstances(delivery), reason=delivery.reason
        )
    for name in explained.names:
        yield name_sentence(name)
    if explained.linked:
        yield say("event.linked", objects=listed(link.id for link in explained.linked))
    yield from _ending(explained)
    for moved in explained.moved or ():
        postings = lines_of(moved.entry)
        yield say("event.moved", commission=moved.commission_id, reason=moved.entry.reason, postings=postings)


def _ending(explained: EventExplanation) -> Iterator[str]:
    if explained.waiting_since:
        yield say("event.waiting_since", reason=explained.reason, since=Minute(explained.waiting_since))
    else:
        yield explained.reason
    if explained.outcome == "parked" and explained.attempts:
        yield say("event.parked_after", count=explained.attempts, id=explained.id)
    elif explained.outcome == "parked":
        yield say("event.parked_at_once", id=explained.id)
    elif explained.next_attempt_at is not None and explained.attempts:
        yield say("event.failed", count=explained.attempts, next=Minute(explained.next_attempt_at))
        if explained.last_error:
            yield say("event.last_error", error=explained.last_error)


def _circumstances(event: EventBody) -> str:
    parts = [say("event.api_version", version=event.api_version)] if event.api_version else []
    if event.account:
        parts.append(say("place.connected_aside", account=event.account))
    return listed([*parts, say("place.live_aside" if event.livemode else "place.test_aside")])
