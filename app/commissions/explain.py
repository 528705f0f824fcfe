"""Explaining any id: ours (`com_`, `cnv_`, `pmt_`) or Stripe's (`evt_`, `in_`, `ch_`, `re_`, `cus_`, `sub_`, …)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.api.shapes import jsonable
from app.commissions import story
from app.commissions.explanations import EventStory, Explanation, MovedNote, PaymentExplanation
from app.commissions.models import Commission, Conversion
from app.errors import NotFound
from app.organizations.models import Organization
from app.payments.listing import payments_named
from app.payments.models import Payment
from app.stripe_events.listing import find_event
from app.stripe_events.models import StripeEvent
from app.stripe_events.shapes import event_body, event_fields

MOST_PAYMENTS: Final = 20
"""A customer or a subscription may have made hundreds; the newest are told."""


def explain(session: Session, any_id: str) -> dict[str, Any]:
    """Everything known of `any_id`, as plain JSON values; the shape is `Explanation`'s.

    Sees what the transaction sees: a narrowed one only its organizations' rows.

    Raises:
        NotFound: nothing is known by that id.
    """
    return jsonable(_explanation(session, any_id.strip()))


def narrate(explanation: Mapping[str, Any]) -> list[str]:
    """What `explain` gave, in plain sentences."""
    return list(explanation["sentences"])


def explain_commission(session: Session, public_id: str) -> PaymentExplanation:
    """The story of one commission and the payment behind it. Raises NotFound."""
    found = _of_ours(session, public_id, ids.COMMISSION)
    if found is None:
        raise NotFound("there is no such commission", code="commission_not_found")
    return found


def explain_payment(session: Session, public_id: str) -> PaymentExplanation:
    """The story of one payment. Raises NotFound."""
    found = _of_ours(session, public_id, ids.PAYMENT)
    if found is None:
        raise NotFound("there is no such payment", code="payment_not_found")
    return found


def tell_event(session: Session, event: StripeEvent, *, with_money: bool) -> EventStory:
    """An event with the payments its object is part of, and what it moved on their commissions.

    `with_money` False leaves out both, for a caller who may not read them.
    """
    if not with_money:
        return EventStory(**event_fields(event))
    payments = _payments_of_event(session, event)
    payment_of_conversion = {
        conversion.id: conversion.payment_id
        for conversion in session.scalars(
            select(Conversion).where(Conversion.payment_id.in_([payment.id for payment in payments]))
        )
    }
    commissions = session.scalars(select(Commission).where(Commission.conversion_id.in_(payment_of_conversion))).all()
    entries = story.entries_of(session, [commission.id for commission in commissions], cause=event.stripe_id)
    moved = [
        MovedNote(
            entry=entry,
            commission_id=ids.encode(ids.COMMISSION, commission.id),
            partner_id=ids.encode(ids.PARTNER, commission.partner_id),
            payment_id=ids.encode(ids.PAYMENT, payment_of_conversion[commission.conversion_id]),
        )
        for commission in commissions
        for entry in entries[commission.id]
    ]
    named = [ids.encode(ids.PAYMENT, payment.id) for payment in payments]
    return EventStory(**event_fields(event), payments=named, moved=moved)


def _explanation(session: Session, any_id: str) -> Explanation:
    ours = _of_ours(session, any_id, ids.COMMISSION, ids.CONVERSION, ids.PAYMENT)
    if ours is not None:
        return _told(any_id, None, [ours])
    organizations = session.scalars(select(Organization.id)).all()
    event = find_event(session, organizations, any_id)
    if event is not None:
        payments = _payments_of_event(session, event)
    else:
        payments = payments_named(session, organizations, any_id, limit=MOST_PAYMENTS)
    if event is None and not payments:
        raise NotFound(f"nothing is known of {any_id}", code="unknown_id")
    return _told(any_id, event, [story.of_payment(session, payment) for payment in payments])


def _payments_of_event(session: Session, event: StripeEvent) -> Sequence[Payment]:
    if not event.object_id:
        return ()
    return payments_named(session, [event.organization_id], event.object_id, limit=MOST_PAYMENTS)


def _told(any_id: str, event: StripeEvent | None, stories: list[PaymentExplanation]) -> Explanation:
    told = event_body(event) if event else None
    sentences = [f"Event {told.id} ({told.type}): {told.reason}"] if told else []
    for one in stories:
        sentences += one.sentences
    summary = stories[0].summary if len(stories) == 1 else (told.reason if told else f"{len(stories)} payments.")
    return Explanation(
        id=any_id,
        summary=summary,
        sentences=sentences,
        event=told,
        payments=stories,
        is_complete=len(stories) < MOST_PAYMENTS,
    )


def _of_ours(session: Session, public_id: str, *prefixes: str) -> PaymentExplanation | None:
    """The story behind one of our own ids, if it carries one of `prefixes` and is there."""
    for prefix in prefixes:
        key = ids.decode(public_id, prefix)
        if key is not None:
            payment = session.scalar(_PAYMENT_OF[prefix](key))
            only = key if prefix == ids.COMMISSION else None
            return story.of_payment(session, payment, only) if payment else None
    return None


def _by_commission(key: UUID) -> Any:
    joined = select(Payment).join(Conversion, Conversion.payment_id == Payment.id)
    return joined.join(Commission, Commission.conversion_id == Conversion.id).where(Commission.id == key)


def _by_conversion(key: UUID) -> Any:
    return select(Payment).join(Conversion, Conversion.payment_id == Payment.id).where(Conversion.id == key)


def _by_payment(key: UUID) -> Any:
    return select(Payment).where(Payment.id == key)


_PAYMENT_OF: Final = {
    ids.COMMISSION: _by_commission,
    ids.CONVERSION: _by_conversion,
    ids.PAYMENT: _by_payment,
}
