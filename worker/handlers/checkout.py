"""Checkout sessions: the only place a client reference arrives, and what ties a customer to a subscription."""

from app.attribution.names import split_reference
from app.payments.facts import Kind, NameFact, ObjectFacts, Reading
from worker.handlers import promotions
from worker.handlers.fields import Document, at, identity, names_in, optional_amount, own_id


def completed(session: Document) -> Reading:
    """`checkout.session.completed`, `checkout.session.async_payment_succeeded`.

    In mode payment a paid session states an amount; in mode subscription it only binds, and the invoice accrues.
    """
    session_id = own_id(session)
    customer, subscription = identity(session.get("customer")), identity(session.get("subscription"))
    payment_intent, invoice = identity(session.get("payment_intent")), identity(session.get("invoice"))
    takes_money = session.get("mode") == "payment"
    is_paid = session.get("payment_status") == "paid"
    discounts, discount_names = promotions.used_on(session, session_id, subscription)
    facts = {
        "mode": session.get("mode"),
        "paid": is_paid or None,
        "unpaid": session.get("payment_status") == "unpaid" or None,
        "created": session.get("created"),
        "currency": session.get("currency"),
        "amount_total": optional_amount(session, "amount_total"),
        "tax": optional_amount(at(session, "total_details") or {}, "amount_tax"),
        "payment_intent": payment_intent or None,
        "invoice": invoice or None,
    }
    return Reading(
        objects=(
            ObjectFacts(Kind.SESSION, session_id, facts, customer, subscription),
            ObjectFacts(Kind.SUBSCRIPTION, subscription, customer=customer),
            ObjectFacts(Kind.CUSTOMER, customer),
            ObjectFacts(Kind.PAYMENT_INTENT, payment_intent, customer=customer),
            ObjectFacts(Kind.INVOICE, invoice, customer=customer, subscription=subscription),
            *discounts,
        ),
        same_money=((session_id, payment_intent), (session_id, invoice), (invoice, payment_intent)),
        names=(
            *names_in(session.get("metadata"), session_id, "session_metadata", "data.object.metadata"),
            *_client_reference(session.get("client_reference_id"), session_id),
            *discount_names,
        ),
        is_stating=takes_money and is_paid,
    )


def _client_reference(reference: object, session_id: str) -> tuple[NameFact, ...]:
    code, touchpoint_session = split_reference(reference)
    if not code and not touchpoint_session:
        return ()
    path = "data.object.client_reference_id"
    return (NameFact(session_id, "client_reference", code, touchpoint_session, path),)
