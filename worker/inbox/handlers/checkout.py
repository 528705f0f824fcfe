"""Checkout sessions: the only documents with a client reference; they link customer and subscription."""

from typing import Final

from app.attribution.carriers import CLIENT_REFERENCE
from app.attribution.names import split_reference
from app.payments.facts import Kind, NameFact, ObjectFacts, Reading
from worker.inbox.handlers import promotions
from worker.inbox.handlers.fields import (
    Document,
    at,
    identity,
    names_in,
    optional_amount,
    own_id,
    payer_emails,
    presentment,
)

_MODE_SHOWN_BY: Final = {"subscription": "subscription", "setup": "setup_intent"}


def completed(session: Document) -> Reading:
    """`checkout.session.completed`, `checkout.session.async_payment_succeeded`.

    In mode payment a paid session has an amount; in mode subscription it only binds the customer, and the invoice
    accrues.
    """
    session_id = own_id(session)
    customer, subscription = identity(session.get("customer")), identity(session.get("subscription"))
    payment_intent, invoice = identity(session.get("payment_intent")), identity(session.get("invoice"))
    discounts, discount_names = promotions.used_on(session, session_id, subscription)
    mode, is_paid = _mode(session), _is_paid(session)
    facts = {
        "mode": mode,
        "paid": is_paid or None,
        "unpaid": session.get("payment_status") == "unpaid" or None,
        "created": session.get("created"),
        "currency": session.get("currency"),
        "amount_total": optional_amount(session, "amount_total"),
        "tax": optional_amount(at(session, "total_details") or {}, "amount_tax"),
        "presentment": presentment(session),
        "payment_intent": payment_intent or None,
        "invoice": invoice or None,
    }
    return Reading(
        objects=(
            ObjectFacts(Kind.SESSION, session_id, facts, customer, subscription, payer_emails(session)),
            ObjectFacts(Kind.SUBSCRIPTION, subscription, customer=customer),
            ObjectFacts(Kind.CUSTOMER, customer),
            ObjectFacts(Kind.PAYMENT_INTENT, payment_intent, customer=customer),
            ObjectFacts(Kind.INVOICE, invoice, customer=customer, subscription=subscription),
            *discounts,
        ),
        links=((session_id, payment_intent), (session_id, invoice), (invoice, payment_intent)),
        names=(
            *names_in(session.get("metadata"), session_id, "session_metadata", "data.object.metadata"),
            *_client_reference(session.get("client_reference_id"), session_id),
            *discount_names,
        ),
        states_amount=mode == "payment" and is_paid,
    )


def abandoned(session: Document) -> Reading:
    """`checkout.session.async_payment_failed`, `checkout.session.expired`: the session will not be paid."""
    known = ObjectFacts(Kind.SESSION, own_id(session), {"abandoned": True}, identity(session.get("customer")))
    return Reading(objects=(known,))


def _mode(session: Document) -> object:
    """The mode of the session. The oldest documents have no such field."""
    mode = session.get("mode")
    if mode is None:
        mode = next((name for name in ("subscription", "setup") if session.get(_MODE_SHOWN_BY[name])), "payment")
    return mode


def _is_paid(session: Document) -> bool:
    """Whether it is paid. Documents without a status were sent only for paid sessions."""
    return bool(session.get("payment_status", "paid") == "paid")


def _client_reference(reference: object, session_id: str) -> tuple[NameFact, ...]:
    code, touchpoint_session = split_reference(reference)
    if not code and not touchpoint_session:
        return ()
    path = "data.object.client_reference_id"
    return (NameFact(session_id, CLIENT_REFERENCE, code, touchpoint_session, path),)
