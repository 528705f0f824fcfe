"""Explains any id: Accrual's (`com_`, …), Stripe's (`evt_`, …), the merchant's own, a partner's code or address."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.attribution.models import Attribution
from app.commissions.elsewhere.models import OpeningBalance
from app.commissions.models import Commission, Conversion
from app.commissions.reported import signup_outcomes
from app.errors import NotFound
from app.explanations import customers
from app.explanations import objects as explain_object
from app.explanations import partners as explain_partner
from app.explanations import payments as payment_explanation
from app.explanations import programs as explain_program
from app.explanations.customers import BindingNote
from app.explanations.earnings.opening_balances import OpeningBalanceExplanation, explain_opening_balance
from app.explanations.events import MOST_PAYMENTS, EventExplanation, explain_event, payments_of_event, unmerged
from app.explanations.objects import ObjectExplanation
from app.explanations.partners import PartnerState
from app.explanations.programs import ProgramState
from app.explanations.views import PaymentExplanation
from app.organizations.models import Organization
from app.partners.models import Partner
from app.partners.queries import listing, nearest
from app.payments.models import Payment
from app.payments.reported import facts
from app.programs.models import Program
from app.sentences.catalogue import Catalogue, current, using
from app.sentences.say import listed, say
from app.signups.models import SignUp
from app.signups.queries import find_of_stripe_customer
from app.stripe_events.models import StripeEvent
from app.stripe_events.queries import find_event
from app.views import Snake, jsonable

UNKNOWN_LENGTH: Final = 64
"""The maximum length of a code; longer text has no similar code."""


class Explanation(Snake):
    """The explanation of an id."""

    id: str
    kind: str = Field(description="The kind of the id: `commission`, `event`, `partner`, `customer`, `invoice`, …")
    summary: str
    sentences: list[str]
    event: EventExplanation | None = None
    partner: PartnerState | None = None
    partners: list[PartnerState] = Field(default=[], description="For a code or address: every partner with it.")
    program: ProgramState | None = None
    objects: list[ObjectExplanation] = Field(
        default=[], description="The Stripe object, once for each account and mode."
    )
    bindings: list[BindingNote] = Field(default=[], description="An attribution by its own id.")
    opening_balance: OpeningBalanceExplanation | None = None
    payments: list[PaymentExplanation] = Field(default=[], description="The newest, each with its own explanation.")
    is_complete: bool = Field(default=True, description="False: only the newest payments are shown.")


def explain(session: Session, any_id: str, language: Catalogue | None = None) -> dict[str, Any]:
    """The explanation of `any_id` as plain JSON values, with the fields of `Explanation`.

    Its sentences are in `language`, by default the language of this process. In a narrowed transaction, only rows of
    its organizations are used.

    Raises:
        NotFound: the id is unknown.
    """
    with using(language or current()):
        return jsonable(explanation_of(session, any_id))


def explain_commission(session: Session, public_id: str) -> PaymentExplanation:
    """The explanation of a commission, with its payment. Raises NotFound."""
    key = ids.decode(public_id, ids.COMMISSION)
    payment = session.scalar(_by_commission(key)) if key else None
    if payment is None:
        raise NotFound.of("commission", public_id)
    return payment_explanation.of_payment(session, payment, key)


def explain_payment(session: Session, public_id: str) -> PaymentExplanation:
    """The explanation of a payment. Raises NotFound."""
    key = ids.decode(public_id, ids.PAYMENT)
    payment = session.get(Payment, key) if key else None
    if payment is None:
        raise NotFound.of("payment", public_id)
    return payment_explanation.of_payment(session, payment)


def explanation_of(session: Session, any_id: str) -> Explanation:
    """The explanation of `any_id`. Raises NotFound, as `explain`."""
    any_id = any_id.strip()
    ours = _of_ours(session, any_id)
    if ours is not None:
        return ours
    organizations = session.scalars(select(Organization.id)).all()
    event = find_event(session, organizations, any_id)
    if event is not None:
        return _of_event(session, any_id, event)
    objects = explain_object.explanations_of(session, organizations, any_id, limit=MOST_PAYMENTS)
    if not objects:
        signup = find_of_stripe_customer(session, organizations, any_id)
        return _of_signup(session, any_id, signup) if signup else _of_called(session, any_id, organizations)
    if len(objects) > 1:
        objects = [_under_its_place(explained) for explained in objects]
    payments = [payment for explained in objects for payment in explained.payments]
    return Explanation(
        id=any_id,
        kind=objects[0].kind,
        summary=" ".join(explained.summary for explained in objects),
        sentences=[sentence for explained in objects for sentence in explained.sentences],
        objects=objects,
        payments=payments,
        is_complete=all(len(explained.payments) < MOST_PAYMENTS for explained in objects),
    )


def _under_its_place(explanation: ObjectExplanation) -> ObjectExplanation:
    """The explanation with its mode and account in the summary, which is its first sentence as well."""
    summary = _in_place(explanation.summary, livemode=explanation.livemode, account=explanation.account)
    return explanation.model_copy(update={"summary": summary, "sentences": [summary, *explanation.sentences]})


def _of_report(session: Session, any_id: str) -> Explanation | None:
    """The explanation of the report with this external id, in the form `manual:…` of the conversions API."""
    external_id = any_id.removeprefix(facts.KEY_PREFIX)
    programs = session.scalars(select(Program.id)).all()
    keys = [facts.key_of(facts.report_id(program, "", external_id)) for program in programs]
    payments = session.scalars(select(Payment).where(Payment.key.in_(keys)).order_by(Payment.id.desc())).all()
    if not payments:
        return _of_ours(session, external_id) if external_id != any_id else None
    explained = [payment_explanation.of_payment(session, payment) for payment in payments]
    lines = [sentence for explanation in explained for sentence in explanation.sentences]
    summary = explained[0].summary if len(explained) == 1 else " ".join(map(_summary_in_place, explained))
    return Explanation(id=any_id, kind="conversion", summary=summary, sentences=lines, payments=explained)


def _summary_in_place(explained: PaymentExplanation) -> str:
    payment = explained.payment
    return _in_place(explained.summary, livemode=payment.livemode, account=payment.account)


def _of_ours(session: Session, any_id: str) -> Explanation | None:
    """The explanation of an id that Accrual made; None if `any_id` is another kind of id, or is unknown."""
    if any_id.startswith(facts.KEY_PREFIX):
        return _of_report(session, any_id)
    partner_id = ids.decode(any_id, *ids.PARTNER_PREFIXES)
    if partner_id is not None:
        partner = session.get(Partner, partner_id)
        return _of_partner(session, any_id, partner) if partner else None
    program_id = ids.decode(any_id, ids.PROGRAM)
    if program_id is not None:
        program = session.get(Program, program_id)
        return _of_program(session, any_id, program) if program else None
    attribution_id = ids.decode(any_id, ids.ATTRIBUTION)
    if attribution_id is not None:
        attribution = session.get(Attribution, attribution_id)
        return _of_attribution(session, any_id, attribution) if attribution else None
    opening_id = ids.decode(any_id, ids.OPENING_BALANCE)
    if opening_id is not None:
        balance = session.get(OpeningBalance, opening_id)
        return _of_opening_balance(session, any_id, balance) if balance else None
    signup_id = ids.decode(any_id, ids.SIGN_UP)
    if signup_id is not None:
        signup = session.get(SignUp, signup_id)
        return _of_signup(session, any_id, signup) if signup else None
    for prefix, (kind, query) in _PAYMENT_OF.items():
        key = ids.decode(any_id, prefix)
        payment = session.scalar(query(key)) if key is not None else None
        if payment is not None:
            explained = payment_explanation.of_payment(session, payment, key if prefix == ids.COMMISSION else None)
            return Explanation(
                id=any_id, kind=kind, summary=explained.summary, sentences=explained.sentences, payments=[explained]
            )
    return None


def _of_event(session: Session, any_id: str, event: StripeEvent) -> Explanation:
    explained = explain_event(session, event)
    payments = [
        payment_explanation.of_payment(session, payment) for payment in unmerged(payments_of_event(session, event))
    ]
    lines = [*explained.sentences, *(sentence for payment in payments for sentence in payment.sentences)]
    return Explanation(
        id=any_id,
        kind="event",
        summary=payments[0].summary if len(payments) == 1 else explained.reason,
        sentences=lines,
        event=explained,
        payments=payments,
        is_complete=len(payments) < MOST_PAYMENTS,
    )


def _of_partner(session: Session, any_id: str, partner: Partner) -> Explanation:
    state = explain_partner.state_of(session, partner)
    summary, *more = explain_partner.sentences_of(state)
    return Explanation(id=any_id, kind="partner", summary=summary, sentences=more, partner=state, partners=[state])


def _of_called(session: Session, any_id: str, organizations: Sequence[UUID]) -> Explanation:
    """The explanation of the partners that have this code or e-mail address. Raises NotFound, with the nearest code."""
    called = any_id.lower()
    partners = listing.list_named(session, organizations, called)
    if not partners:
        is_like_a_code = 0 < len(called) <= UNKNOWN_LENGTH and "@" not in called
        nearest_code = nearest.nearest_code(session, organizations, called) if is_like_a_code else None
        reason = listing.explain_unconfirmed(session, organizations, called) or _unknown_id(any_id, nearest_code)
        raise NotFound(reason, code="unknown_id")
    explained = [_of_partner(session, any_id, partner) for partner in partners]
    return explained[0].model_copy(
        update={
            "summary": " ".join(explanation.summary for explanation in explained),
            "sentences": [sentence for explanation in explained for sentence in explanation.sentences],
            "partner": explained[0].partner if len(explained) == 1 else None,
            "partners": [state for explanation in explained for state in explanation.partners],
        }
    )


def _of_program(session: Session, any_id: str, program: Program) -> Explanation:
    state = explain_program.state_of(session, program)
    lines = list(explain_program.sentences_of(state))
    summary = explain_program.summary_of(state)
    return Explanation(id=any_id, kind="program", summary=summary, sentences=lines, program=state)


def _of_attribution(session: Session, any_id: str, attribution: Attribution) -> Explanation:
    note = customers.binding_note(session, attribution)
    summary, *others = customers.sentences_of(attribution.subject, [note])
    return Explanation(id=any_id, kind="attribution", summary=summary, sentences=others, bindings=[note])


def _of_opening_balance(session: Session, any_id: str, balance: OpeningBalance) -> Explanation:
    explained = explain_opening_balance(session, balance)
    return Explanation(
        id=any_id,
        kind="opening_balance",
        summary=explained.summary,
        sentences=explained.sentences[1:],
        opening_balance=explained,
    )


def _of_signup(session: Session, any_id: str, signup: SignUp) -> Explanation:
    summary = signup_outcomes.load_body(session, signup).sentence
    lines = list(customers.signup_lines(session, signup))
    return Explanation(id=any_id, kind="sign-up", summary=summary, sentences=lines)


def _in_place(summary: str, *, livemode: bool, account: str | None) -> str:
    """A summary under the mode and connected account it is of, where the same id is known in several."""
    parts = [say("place.live_title" if livemode else "place.test_title")]
    if account:
        parts.append(say("place.connected_aside", account=account))
    return say("place.summary", place=listed(parts), summary=summary)


def _unknown_id(any_id: str, nearest_code: str | None) -> str:
    """That an id was not found, which ids can be explained, and what to do."""
    help_text = say("explain.accepted_ids")
    if nearest_code:
        return say("explain.unknown_id_nearest", id=any_id, code=nearest_code, help=help_text)
    return say("explain.unknown_id", id=any_id, help=help_text)


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
