"""A Stripe object's story: what it is, whom it is credited to, the payments it is a part of."""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from pydantic import Field
from sqlalchemy.orm import Session

from app.explanations import customers
from app.explanations import payments as payment_explanation
from app.explanations.customers import BindingNote
from app.explanations.events import NameNote, name_sentence, names_on, standing_of
from app.explanations.rendering import sentences
from app.explanations.returns import notes_of, sentence_of
from app.explanations.views import PaymentExplanation
from app.payments import payment_objects
from app.payments.models import StripeObject
from app.stripe_events.listing import events_about
from app.stripe_events.scope import Scope
from app.stripe_events.views import EventBody, event_body
from app.views import Snake

OWNERS: Final = ("customer", "subscription")
"""Kinds that make many payments and are credited as a whole."""
NOT_KEPT: Final = "object"
"""The kind of what events were about that none of them is read for."""
MOST_EVENTS: Final = 20


class ObjectStory(Snake):
    """A Stripe object in one account and mode."""

    kind: str = Field(examples=["invoice"])
    account: str | None = Field(description="A connected account; null: your own.")
    livemode: bool
    customer: str | None
    subscription: str | None
    summary: str
    sentences: list[str]
    bindings: list[BindingNote] = Field(description="Of a customer or subscription: whom it is and was credited to.")
    names: list[NameNote] = Field(description="Of a customer or subscription: the partners' names found on it.")
    events: list[EventBody] = Field(description="The events about it, oldest first.")
    payments: list[PaymentExplanation] = Field(exclude=True)


def stories_of(session: Session, organization_ids: Sequence[UUID], stripe_id: str, *, limit: int) -> list[ObjectStory]:
    """The stories of the object with this id, one for each account and mode it is known in; none if in none.

    Args:
        organization_ids: the owners.
        stripe_id: as Stripe writes it.
        limit: the most payments told of each, the newest.
    """
    events = events_about(session, organization_ids, [stripe_id])
    scopes = {Scope(one.organization_id, one.account, one.livemode) for one in events}
    scopes |= set(payment_objects.scopes_of(session, organization_ids, stripe_id))
    return [_story(session, scope, stripe_id, limit) for scope in sorted(scopes)]


def _story(session: Session, scope: Scope, stripe_id: str, limit: int) -> ObjectStory:
    own = payment_objects.payment_objects_of(session, scope, stripe_id)
    known = next((one for one in own if one.id == stripe_id), None)
    owner = known if known is not None and known.kind in OWNERS else None
    subjects = customers.subjects_of(session, scope, owner) if owner else []
    payments = standing_of(payment_objects.payments_of(session, scope, stripe_id, limit=limit))
    events = events_about(session, [scope.organization_id], [stripe_id], scope)
    told = ObjectStory(
        kind=known.kind if known is not None else NOT_KEPT,
        account=scope.account or None,
        livemode=scope.livemode,
        customer=(known.customer if known is not None else "") or None,
        subscription=(known.subscription if known is not None else "") or None,
        summary="",
        sentences=[],
        bindings=customers.bindings_of(session, scope, subjects),
        names=names_on(session, scope, subjects),
        events=[event_body(one) for one in events[-MOST_EVENTS:]],
        payments=[payment_explanation.of_payment(session, payment) for payment in payments],
    )
    lines = list(_of_owner(stripe_id, told) if owner is not None else _of_part(stripe_id, told, own))
    return told.model_copy(update={"summary": _summary(stripe_id, told), "sentences": lines})


def _of_owner(stripe_id: str, told: ObjectStory) -> Iterator[str]:
    yield from customers.sentences_of(stripe_id, told.bindings)
    proofs = {(one.object_id, one.field_path, one.name) for one in told.bindings}
    for name in told.names:
        if (name.object_id, name.field_path, name.name) not in proofs:
            yield f"Also found: {name_sentence(name)}"
    if not told.payments:
        yield "No payment of it is known yet."
    yield from customers.payment_lines(told.payments, of_subscription=told.kind == "subscription")


def _of_part(stripe_id: str, told: ObjectStory, own: Sequence[StripeObject]) -> Iterator[str]:
    known = next((one for one in own if one.id == stripe_id), None)
    note = next((note for note in notes_of(own, told.kind) if note.id == stripe_id), None)
    if note is not None and (told.payments or note.currency):
        yield sentence_of(note, told.payments[0].payment.currency if told.payments else str(note.currency))
    for one in told.payments:
        yield from one.sentences
    if told.payments:
        return
    if known is None:
        yield f"No commission is computed from {stripe_id}."
    elif known.stated_at is None:
        yield f"Other Stripe objects name {stripe_id}, but no event about it has come."
    else:
        yield f"{stripe_id} is known; no payment that it belongs to is known yet."
    for event in told.events:
        yield f"{event.type} ({event.id}): {event.reason}"


def _summary(stripe_id: str, told: ObjectStory) -> str:
    if told.kind in OWNERS:
        in_force = [one for one in told.bindings if one.superseded_at is None]
        whose = next((one for one in in_force if one.subject == stripe_id), in_force[0] if in_force else None)
        credited = f"is credited to {whose.partner_code}" if whose else "is credited to no partner"
        count = len(told.payments)
        counted = f"{count} payment{'s' * (count != 1)}"
        why = f" Newest payment: {told.payments[0].summary}" if whose is None and told.payments else ""
        return f"The {told.kind} {stripe_id}{_place(told)} {credited}; {counted}.{why}"
    if len(told.payments) == 1:
        return told.payments[0].summary
    if told.payments:
        summaries = [(_name_of(one), one.summary) for one in told.payments]
        return sentences.of_several(f"The {sentences.kind_in_words(told.kind)} {stripe_id}{_place(told)}", summaries)
    if told.events:
        return f"{told.events[-1].type}: {told.events[-1].reason}"
    kind = sentences.kind_in_words(told.kind)
    return f"The {kind} {stripe_id}{_place(told)}: other Stripe objects name it, but no event about it has come."


def _name_of(told: PaymentExplanation) -> str:
    """What a payment is called among several."""
    payment = told.payment
    return payment.invoice or payment.payment_intent or payment.charge or payment.id


def _place(told: ObjectStory) -> str:
    """The account and mode where they are not the usual ones."""
    account = f"connected account {told.account}" if told.account else ""
    mode = "" if told.livemode else "test mode"
    parts = ", ".join(filter(None, (account, mode)))
    return f" ({parts})" if parts else ""
