"""Refunds, each by its own id."""

from app.payments.facts import ENDED_AT, RETURNED_NOTHING, Kind, ObjectFacts, Reading
from worker.inbox.handlers.fields import Document, amount, currency, identity, own_id


def changed(refund: Document) -> Reading:
    """`refund.created`, `refund.updated`, `refund.failed`, `charge.refund.updated`: a refund's present state."""
    refund_id, status = own_id(refund), refund.get("status")
    charge, payment_intent = identity(refund.get("charge")), identity(refund.get("payment_intent"))
    created = refund.get("created")
    facts = {
        "amount": amount(refund, "amount"),
        "currency": currency(refund),
        "status": status if isinstance(status, str) else "succeeded",
        "created": created if isinstance(created, int) else None,
        "charge": charge or None,
        "payment_intent": payment_intent or None,
    }
    return Reading(
        objects=(
            ObjectFacts(
                Kind.REFUND, refund_id, facts, time_facts=(ENDED_AT,) if facts["status"] in RETURNED_NOTHING else ()
            ),
            ObjectFacts(Kind.CHARGE, charge),
            ObjectFacts(Kind.PAYMENT_INTENT, payment_intent),
        ),
        links=((refund_id, charge), (refund_id, payment_intent)),
        is_return=True,
    )


def failed(refund: Document) -> Reading:
    """`refund.failed`. Some recorded documents still have the status `succeeded`; the type of the event counts."""
    return changed({**refund, "status": "failed"})
