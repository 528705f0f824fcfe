"""Explaining any id: ours (`com_`, `cnv_`, `pmt_`, `par_`, …), Stripe's (`evt_`, `in_`, …) or the merchant's own."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.api.shapes import Snake, jsonable
from app.attribution.models import Attribution
from app.commissions import explain_customer, explain_object, explain_partner, story
from app.commissions.explain_customer import BindingNote
from app.commissions.explain_event import MOST_PAYMENTS, EventStory, payments_of_event, tell_event
from app.commissions.explain_object import ObjectStory
from app.commissions.explain_partner import PartnerStanding
from app.commissions.explanations import PaymentExplanation
from app.commissions.models import Commission, Conversion
from app.errors import NotFound
from app.organizations.models import Organization
from app.partners.models import Partner, Program
from app.payments import reported
from app.payments.models import Payment
from app.stripe_events.listing import find_event
from app.stripe_events.models import StripeEvent

UNKNOWN: Final = (
    "nothing is known of {id}. An id can be one of ours (com_ commission, cnv_ conversion, pmt_ payment, par_ or aff_ "
    "partner, att_ attribution), manual:… with your own id of what you reported, or one of Stripe's (evt_, in_, pi_, "
    "ch_, cs_, cus_, sub_, re_, dp_ or du_, cn_ …) that an event has named; if it is one, that event did not come, or "
    "not here"
)


class Explanation(Snake):
    """What is known of an id."""

    id: str
    kind: str = Field(description="What the id is of: `commission`, `event`, `partner`, `customer`, `invoice`, …")
    summary: str
    sentences: list[str]
    event: EventStory | None = None
    partner: PartnerStanding | None = None
    objects: list[ObjectStory] = Field(default=[], description="The Stripe object, once for each account and mode.")
    bindings: list[BindingNote] = Field(default=[], description="An attribution by its own id.")
    payments: list[PaymentExplanation] = Field(default=[], description="The newest, each with its own story.")
    is_complete: bool = Field(default=True, description="False: only the newest payments are shown.")


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
    key = ids.decode(public_id, ids.COMMISSION)
    payment = session.scalar(_by_commission(key)) if key else None
    if payment is None:
        raise NotFound("there is no such commission", code="commission_not_found")
    return story.of_payment(session, payment, key)


def explain_payment(session: Session, public_id: str) -> PaymentExplanation:
    """The story of one payment. Raises NotFound."""
    key = ids.decode(public_id, ids.PAYMENT)
    payment = session.get(Payment, key) if key else None
    if payment is None:
        raise NotFound("there is no such payment", code="payment_not_found")
    return story.of_payment(session, payment)


def _explanation(session: Session, any_id: str) -> Explanation:
    ours = _of_ours(session, any_id)
    if ours is not None:
        return ours
    organizations = session.scalars(select(Organization.id)).all()
    event = find_event(session, organizations, any_id)
    if event is not None:
        return _of_event(session, any_id, event)
    objects = explain_object.stories_of(session, organizations, any_id, limit=MOST_PAYMENTS)
    if not objects:
        raise NotFound(UNKNOWN.format(id=any_id), code="unknown_id")
    payments = [payment for one in objects for payment in one.payments]
    return Explanation(
        id=any_id,
        kind=objects[0].kind,
        summary=" ".join(one.summary for one in objects),
        sentences=[sentence for one in objects for sentence in one.sentences],
        objects=objects,
        payments=payments,
        is_complete=all(len(one.payments) < MOST_PAYMENTS for one in objects),
    )


def _of_report(session: Session, any_id: str) -> Explanation | None:
    """The explanation of what was reported by this external id, as the conversions surface writes it."""
    external_id = any_id.removeprefix(reported.KEY_PREFIX)
    programs = session.scalars(select(Program.id)).all()
    keys = [reported.key_of(reported.report_id(program, "", external_id)) for program in programs]
    found = session.scalars(select(Payment).where(Payment.key.in_(keys)).order_by(Payment.id.desc())).all()
    if not found:
        return _of_ours(session, external_id) if external_id != any_id else None
    told = [story.of_payment(session, payment) for payment in found]
    sentences = [sentence for one in told for sentence in one.sentences]
    return Explanation(id=any_id, kind="conversion", summary=told[0].summary, sentences=sentences, payments=told)


def _of_ours(session: Session, any_id: str) -> Explanation | None:
    """The explanation of one of our own ids, if it is one and is there."""
    if any_id.startswith(reported.KEY_PREFIX):
        return _of_report(session, any_id)
    partner_id = ids.decode(any_id, *ids.PARTNER_PREFIXES)
    if partner_id is not None:
        partner = session.get(Partner, partner_id)
        return _of_partner(session, any_id, partner) if partner else None
    attribution_id = ids.decode(any_id, ids.ATTRIBUTION)
    if attribution_id is not None:
        attribution = session.get(Attribution, attribution_id)
        return _of_attribution(session, any_id, attribution) if attribution else None
    for prefix, (kind, query) in _PAYMENT_OF.items():
        key = ids.decode(any_id, prefix)
        payment = session.scalar(query(key)) if key is not None else None
        if payment is not None:
            told = story.of_payment(session, payment, key if prefix == ids.COMMISSION else None)
            return Explanation(id=any_id, kind=kind, summary=told.summary, sentences=told.sentences, payments=[told])
    return None


def _of_event(session: Session, any_id: str, event: StripeEvent) -> Explanation:
    told = tell_event(session, event)
    payments = [story.of_payment(session, payment) for payment in payments_of_event(session, event)]
    sentences = [*told.sentences, *(sentence for one in payments for sentence in one.sentences)]
    return Explanation(
        id=any_id,
        kind="event",
        summary=payments[0].summary if len(payments) == 1 else told.reason,
        sentences=sentences,
        event=told,
        payments=payments,
        is_complete=len(payments) < MOST_PAYMENTS,
    )


def _of_partner(session: Session, any_id: str, partner: Partner) -> Explanation:
    standing = explain_partner.standing_of(session, partner)
    summary, *more = explain_partner.sentences_of(standing)
    return Explanation(id=any_id, kind="partner", summary=summary, sentences=more, partner=standing)


def _of_attribution(session: Session, any_id: str, attribution: Attribution) -> Explanation:
    note = explain_customer.binding_note(attribution, session.get_one(Partner, attribution.partner_id))
    sentence = explain_customer.binding_sentence(note)
    return Explanation(id=any_id, kind="attribution", summary=sentence, sentences=[], bindings=[note])


def _by_commission(key: UUID) -> Any:
    joined = select(Payment).join(Conversion, Conversion.payment_id == Payment.id)
    return joined.join(Commission, Commission.conversion_id == Conversion.id).where(Commission.id == key)


def _by_conversion(key: UUID) -> Any:
    return select(Payment).join(Conversion, Conversion.payment_id == Payment.id).where(Conversion.id == key)


def _by_payment(key: UUID) -> Any:
    return select(Payment).where(Payment.id == key)


_PAYMENT_OF: Final = {
    ids.COMMISSION: ("commission", _by_commission),
    ids.CONVERSION: ("conversion", _by_conversion),
    ids.PAYMENT: ("payment", _by_payment),
}
