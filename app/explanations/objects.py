"""The explanation of a Stripe object: its kind, its attributions, the payments it belongs to."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.explanations import customers
from app.explanations import payments as payment_explanation
from app.explanations.customers import BindingNote
from app.explanations.events import NameNote, name_sentence, names_on, unmerged
from app.explanations.returns import notes_of, sentence_of
from app.explanations.views import PaymentExplanation
from app.payments import payment_objects
from app.payments.models import StripeObject
from app.sentences.say import listed, say, say_stored
from app.stripe_events.models import StripeEvent
from app.stripe_events.queries import events_about
from app.stripe_events.scope import Scope
from app.stripe_events.views import EventBody, event_body
from app.views import Snake

OWNERS: Final = ("customer", "subscription")
"""Kinds with many payments, which are credited together."""
NOT_KEPT: Final = "object"
"""The kind of objects that only unread events were about."""
MOST_EVENTS: Final = 20
MOST_SCOPES: Final = 20


class ObjectExplanation(Snake):
    """A Stripe object in one account and mode."""

    kind: str = Field(examples=["invoice"])
    account: str | None = Field(description="A connected account; null: your own.")
    livemode: bool
    customer: str | None
    subscription: str | None
    summary: str
    sentences: list[str]
    bindings: list[BindingNote] = Field(
        description="Of a customer or subscription: its present and former attributions."
    )
    names: list[NameNote] = Field(description="Of a customer or subscription: the partners' names found on it.")
    events: list[EventBody] = Field(description="The events about it, oldest first.")
    payments: list[PaymentExplanation] = Field(exclude=True)


def explanations_of(
    session: Session, organization_ids: Sequence[UUID], stripe_id: str, *, limit: int
) -> list[ObjectExplanation]:
    """The explanations of the object with this id, one for each account and mode in which it is known, at most 20.

    Args:
        organization_ids: the owners.
        stripe_id: the id at Stripe.
        limit: the maximum number of payments of each, the newest.
    """
    place = StripeEvent.organization_id, StripeEvent.account, StripeEvent.livemode
    about = select(*place).where(place[0].in_(organization_ids), StripeEvent.object_id == stripe_id).distinct()
    # Who knows an endpoint's secret can name any number of accounts.
    events = session.execute(about.order_by(place[2].desc(), place[1]).limit(MOST_SCOPES))
    scopes = {*payment_objects.scopes_of(session, organization_ids, stripe_id), *(Scope(*row) for row in events)}
    by_account = sorted(scopes, key=attrgetter("account"))
    shown = sorted(by_account, key=attrgetter("livemode"), reverse=True)[:MOST_SCOPES]
    return [_explain(session, scope, stripe_id, limit) for scope in sorted(shown)]


def _explain(session: Session, scope: Scope, stripe_id: str, limit: int) -> ObjectExplanation:
    own = payment_objects.payment_objects_of(session, scope, stripe_id)
    known = next((stored for stored in own if stored.id == stripe_id), None)
    owner = known if known is not None and known.kind in OWNERS else None
    subjects = customers.subjects_of(session, scope, owner) if owner else []
    payments = unmerged(payment_objects.payments_of(session, scope, stripe_id, own, limit=limit))
    explained = ObjectExplanation(
        kind=known.kind if known is not None else NOT_KEPT,
        account=scope.account or None,
        livemode=scope.livemode,
        customer=(known.customer if known is not None else "") or None,
        subscription=(known.subscription if known is not None else "") or None,
        summary="",
        sentences=[],
        bindings=customers.bindings_of(session, scope, subjects),
        names=names_on(session, scope, subjects) if subjects else [],
        events=[event_body(event) for event in events_about(session, scope, [stripe_id], limit=MOST_EVENTS)],
        payments=[payment_explanation.of_payment(session, payment) for payment in payments],
    )
    lines = list(_of_owner(stripe_id, explained) if owner is not None else _of_part(stripe_id, explained, own))
    return explained.model_copy(update={"summary": _summary(stripe_id, explained), "sentences": lines})


def _of_owner(stripe_id: str, explained: ObjectExplanation) -> Iterator[str]:
    yield from customers.sentences_of(stripe_id, explained.bindings)
    proofs = {(binding.object_id, binding.field_path, binding.name) for binding in explained.bindings}
    for name in explained.names:
        if (name.object_id, name.field_path, name.name) not in proofs:
            yield say("object.also_found", name=name_sentence(name))
    if not explained.payments:
        yield say("object.no_payment_yet")
    yield from customers.payment_lines(explained.payments, of_subscription=explained.kind == "subscription")


def _of_part(stripe_id: str, explained: ObjectExplanation, own: Sequence[StripeObject]) -> Iterator[str]:
    known = next((stored for stored in own if stored.id == stripe_id), None)
    note = next((note for note in notes_of(own, explained.kind) if note.id == stripe_id), None)
    if note is not None and (explained.payments or note.currency):
        currency = explained.payments[0].payment.currency if explained.payments else str(note.currency)
        yield sentence_of(note, currency)
    for payment in explained.payments:
        yield from payment.sentences
    if explained.payments:
        return
    if known is None:
        yield say("object.no_commission", id=stripe_id)
    else:
        yield say("object.only_named" if known.stated_at is None else "object.no_payment", id=stripe_id)
    for event in explained.events:
        yield say("object.event", type=event.type, event=event.id, reason=event.reason)


def _summary(stripe_id: str, explained: ObjectExplanation) -> str:
    name = say("object.name", kind=say_stored("kind", explained.kind), id=stripe_id, place=_place(explained))
    if explained.kind in OWNERS:
        return _owner_summary(name, stripe_id, explained)
    if len(explained.payments) == 1:
        return explained.payments[0].summary
    if explained.payments:
        return _of_several(name, explained.payments)
    if explained.events:
        newest = explained.events[-1]
        return say("object.event_summary", type=newest.type, reason=newest.reason)
    return say("object.unseen", name=name)


def _owner_summary(name: str, stripe_id: str, explained: ObjectExplanation) -> str:
    in_force = [binding for binding in explained.bindings if binding.superseded_at is None]
    credited = next(
        (binding for binding in in_force if binding.subject == stripe_id), in_force[0] if in_force else None
    )
    payments = say("object.payments", count=len(explained.payments))
    if credited is not None:
        return say("object.owner", name=name, partner=credited.partner_code, payments=payments)
    summary = say("object.owner_uncredited", name=name, payments=payments)
    if not explained.payments:
        return summary
    return " ".join([summary, say("object.newest", summary=explained.payments[0].summary)])


def _of_several(name: str, payments: Sequence[PaymentExplanation]) -> str:
    """A line for an object with several payments: `name`, and the label and outcome of each payment."""
    lines = " ".join(
        say(
            "object.payment_summary",
            payment=explained.payment.invoice
            or explained.payment.payment_intent
            or explained.payment.charge
            or explained.payment.id,
            summary=explained.summary,
        )
        for explained in payments
    )
    return say("object.several", name=name, count=len(payments), summaries=lines)


def _place(explained: ObjectExplanation) -> str:
    """The account and mode as text, if they are not the merchant's own account in live mode."""
    parts = [say("place.connected_aside", account=explained.account)] if explained.account else []
    if not explained.livemode:
        parts.append(say("place.test_aside"))
    return say("place.aside", parts=listed(parts)) if parts else ""
