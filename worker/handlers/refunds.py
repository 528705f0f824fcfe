"""Refunds, each by its own id."""

from app.payments.facts import Kind, ObjectFacts, Reading, RefundFacts
from worker.handlers.fields import Document, amount, currency, identity, own_id


def changed(refund: Document) -> Reading:
    """`refund.created`, `refund.updated`, `refund.failed`, `charge.refund.updated`: a refund's present state."""
    charge, payment_intent = identity(refund.get("charge")), identity(refund.get("payment_intent"))
    status = refund.get("status")
    facts = RefundFacts(
        id=own_id(refund),
        charge=charge,
        payment_intent=payment_intent,
        amount_minor=amount(refund, "amount"),
        currency=currency(refund),
        status=status if isinstance(status, str) else "succeeded",
    )
    return Reading(
        objects=(ObjectFacts(Kind.CHARGE, charge), ObjectFacts(Kind.PAYMENT_INTENT, payment_intent)),
        same_money=((payment_intent, charge),),
        refunds=(facts,),
        is_return=True,
    )


def failed(refund: Document) -> Reading:
    """`refund.failed`. Some recorded ones still say `succeeded` inside; the event's own name is believed."""
    return changed({**refund, "status": "failed"})
