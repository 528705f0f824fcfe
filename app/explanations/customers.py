"""The attributions of a customer or a subscription: partner, evidence and time; and customer sign-ups."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, aliased

from app import ids
from app.attribution.models import Attribution
from app.attribution.signups import recognized
from app.attribution.signups.stated import stated_of
from app.explanations import payments as payment_explanation
from app.explanations.payment_sentences import credit_of, rival_of
from app.explanations.views import AttributionNote, PaymentExplanation
from app.paging import Page, load_page
from app.partners.models import Partner
from app.payments.models import StripeObject
from app.sentences.say import Day, Minute, Money, listed, say
from app.signups.models import SignUp
from app.stripe_events.scope import Scope
from app.times import UTC_NAME
from app.views import Instant


class BindingNote(AttributionNote):
    """An attribution of a customer, a subscription or a single payment."""

    superseded_at: Instant | None = Field(description="When it was replaced; null: it is in force.")


def bindings_of(session: Session, scope: Scope, subjects: Iterable[str]) -> list[BindingNote]:
    """Every attribution of these subjects, those in force first, then the newest."""
    rows = session.execute(
        select(Attribution, Partner)  # the partners are used by `binding_note`, from the session
        .join(Partner, Partner.id == Attribution.partner_id)
        .where(
            Attribution.organization_id == scope.organization_id,
            Attribution.account == scope.account,
            Attribution.livemode == scope.livemode,
            Attribution.subject.in_(sorted(subjects)),
        )
        .order_by(Attribution.superseded_at.is_not(None), Attribution.subject, Attribution.id.desc())
    )
    return [binding_note(session, attribution) for attribution, _ in rows.all()]


def binding_note(session: Session, attribution: Attribution) -> BindingNote:
    """The attribution with its partner."""
    note = payment_explanation.attribution_note(session, attribution)
    return BindingNote(**note.model_dump(), superseded_at=attribution.superseded_at)


def credited_to(partner_id: UUID) -> tuple[ColumnElement[bool], ...]:
    """SQL conditions for the attributions of the customers that are credited to a partner now.

    The latest decision of a person about a customer counts before all other attributions.
    """
    later = aliased(Attribution)
    overruled = exists().where(
        later.subject == Attribution.subject,
        later.organization_id == Attribution.organization_id,
        later.account == Attribution.account,
        later.livemode == Attribution.livemode,
        later.carrier == "manual",
        or_(Attribution.carrier != "manual", later.id > Attribution.id),
    )
    return (
        Attribution.partner_id == partner_id,
        Attribution.superseded_at.is_(None),
        Attribution.subject.startswith("cus_", autoescape=True),
        ~overruled,
    )


def list_credited(
    session: Session, partner: Partner, *, livemode: bool, limit: int, starting_after: str | None = None
) -> Page[Attribution]:
    """A page of the customers credited to a partner now in one mode, the newest first. Raises InvalidRequest."""
    credited = select(Attribution).where(*credited_to(partner.id), Attribution.livemode == livemode)
    return load_page(session, credited, Attribution.id, ids.ATTRIBUTION, limit=limit, starting_after=starting_after)


def subjects_of(session: Session, scope: Scope, known: StripeObject) -> list[str]:
    """The subjects to look up: a customer and its subscriptions, or a subscription and its customer."""
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
    """The partners it is and was credited to."""
    if all(binding.superseded_at is not None for binding in bindings):
        yield say("object.no_partner", id=stripe_id)
    for binding in bindings:
        yield binding_sentence(binding)
        if binding.rival is not None:
            yield rival_of(binding.rival)


def binding_sentence(binding: BindingNote) -> str:
    """An attribution as a sentence: partner, carrier, since when, and until when if it was replaced."""
    credit = credit_of(binding, UTC_NAME)
    if binding.superseded_at is None:
        return say("object.credited", subject=binding.subject, day=Day(binding.bound_at), credit=credit)
    return say("object.was_credited", until=Minute(binding.superseded_at), credit=credit)


def payment_lines(payments: Sequence[PaymentExplanation], *, of_subscription: bool) -> Iterator[str]:
    """A line for each payment, oldest first; those of a subscription are its cycles."""
    in_order = sorted(payments, key=lambda explained: (explained.payment.occurred_at, explained.payment.id))
    for number, explained in enumerate(in_order, start=1):
        payment = explained.payment
        name = "object.cycle_line" if of_subscription else "object.payment_line"
        yield say(
            f"{name}_returned" if payment.returned_cents else name,
            number=number,
            id=payment.id,
            day=Day(payment.occurred_at, explained.time_zone),
            amount=Money(payment.amount_cents, payment.currency),
            objects=payment.invoice or payment.payment_intent or payment.charge or payment.id,
            returned=Money(payment.returned_cents, payment.currency),
            summary=explained.summary,
        )


def signup_lines(session: Session, signup: SignUp) -> Iterator[str]:
    """Who stated a customer sign-up and when, and what is recognized by it."""
    source, _, tool = signup.source.partition(":")
    yield say(f"signup.stated_{source}", customer=signup.customer_id, moment=Minute(signup.occurred_at), tool=tool)
    found = recognized.objects_of(session, [stated_of(signup)])
    object_ids = sorted({object_id for own in found.values() for object_id in own})
    yield say("signup.recognized", objects=listed(object_ids)) if object_ids else say("signup.not_recognized")
    for scope in sorted(found):
        for binding in bindings_of(session, scope, found[scope]):
            yield binding_sentence(binding)
