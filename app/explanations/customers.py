"""Whom a customer or a subscription is credited to, by what evidence, and since when."""

from collections.abc import Iterable, Iterator, Sequence

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.attribution.models import Attribution
from app.explanations import payments as payment_explanation
from app.explanations.rendering.payment_explanation import credit_of
from app.explanations.views import AttributionNote, PaymentExplanation
from app.money import format_money
from app.partners.models import Partner
from app.payments.models import StripeObject
from app.stripe_events.scope import Scope
from app.views import Instant


class BindingNote(AttributionNote):
    """An attribution of a customer, a subscription or a single payment."""

    superseded_at: Instant | None = Field(description="When it was replaced; null: it is in force.")


def bindings_of(session: Session, scope: Scope, subjects: Iterable[str]) -> list[BindingNote]:
    """Every attribution these ever had, those in force first, then the newest."""
    rows = session.execute(
        select(Attribution, Partner)
        .join(Partner, Partner.id == Attribution.partner_id)
        .where(
            Attribution.organization_id == scope.organization_id,
            Attribution.account == scope.account,
            Attribution.livemode == scope.livemode,
            Attribution.subject.in_(sorted(subjects)),
        )
        .order_by(Attribution.superseded_at.is_not(None), Attribution.subject, Attribution.id.desc())
    )
    return [binding_note(attribution, partner) for attribution, partner in rows]


def binding_note(attribution: Attribution, partner: Partner) -> BindingNote:
    """The attribution with whom it credits."""
    note = payment_explanation.attribution_note(attribution, partner)
    return BindingNote(**note.model_dump(), superseded_at=attribution.superseded_at)


def subjects_of(session: Session, scope: Scope, known: StripeObject) -> list[str]:
    """What may be bound of a customer (itself, its subscriptions) or a subscription (itself, its customer)."""
    if known.customer:
        return [known.id, known.customer]
    subscriptions = select(StripeObject.id).where(
        StripeObject.customer == known.id,
        StripeObject.customer != "",
        StripeObject.kind == "subscription",
        StripeObject.organization_id == scope.organization_id,
        StripeObject.account == scope.account,
        StripeObject.livemode == scope.livemode,
    )
    return [known.id, *session.scalars(subscriptions.order_by(StripeObject.id))]


def sentences_of(stripe_id: str, bindings: Sequence[BindingNote]) -> Iterator[str]:
    """Whom it is bound to and was before."""
    in_force = [one for one in bindings if one.superseded_at is None]
    if not in_force:
        yield f"{stripe_id} is credited to no partner."
    for one in bindings:
        yield binding_sentence(one)


def binding_sentence(one: BindingNote) -> str:
    """One attribution: whom it credits, by what, since when, and until when if it was replaced."""
    if one.superseded_at is None:
        return f"{one.subject} is credited, since {one.bound_at:%Y-%m-%d}, to {credit_of(one)}."
    return f"Until {one.superseded_at:%Y-%m-%d %H:%M} UTC it was credited to {credit_of(one)}."


def payment_lines(payments: Sequence[PaymentExplanation], *, of_subscription: bool) -> Iterator[str]:
    """A line for each payment, oldest first; those of a subscription are its cycles."""
    in_order = sorted(payments, key=lambda one: (one.payment.occurred_at, one.payment.id))
    for number, one in enumerate(in_order, start=1):
        payment = one.payment
        name = f"Payment {number} of the subscription" if of_subscription else f"Payment {payment.id}"
        object_id = payment.invoice or payment.payment_intent or payment.charge or payment.id
        amount = format_money(payment.amount_cents, payment.currency)
        returned = f", of which {format_money(payment.returned_cents, payment.currency)} went back"
        yield (
            f"{name}, {payment.occurred_at:%Y-%m-%d}: {amount} ({object_id})"
            f"{returned * bool(payment.returned_cents)}. {one.summary}"
        )
