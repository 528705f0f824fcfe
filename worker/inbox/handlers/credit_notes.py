"""Credit notes: how much an issued invoice was reduced, and how that was returned."""

from app.payments.facts import Kind, ObjectFacts, Reading
from worker.inbox.handlers.fields import Document, documents_in, identity, optional_amount, own_id


def changed(credit_note: Document) -> Reading:
    """`credit_note.created`, `credit_note.updated`.

    Refunds made by it count through their own ids, and a credit to the customer's balance lowers a later invoice. Only
    for money returned outside Stripe the credit note is the only document.
    """
    note_id, invoice = own_id(credit_note), identity(credit_note.get("invoice"))
    refunds = _refunds(credit_note)
    facts = {
        "invoice": invoice or None,
        "status": "void" if credit_note.get("voided_at") else credit_note.get("status"),
        "out_of_band": optional_amount(credit_note, "out_of_band_amount"),
    }
    return Reading(
        objects=(
            ObjectFacts(Kind.CREDIT_NOTE, note_id, facts),
            ObjectFacts(Kind.INVOICE, invoice, customer=identity(credit_note.get("customer"))),
            *(ObjectFacts(Kind.REFUND, refund) for refund in refunds),
        ),
        links=((note_id, invoice), *((note_id, refund) for refund in refunds)),
        is_return=True,
    )


def voided(credit_note: Document) -> Reading:
    """`credit_note.voided`. The document's status may be out of date; the type of the event counts."""
    return changed({**credit_note, "status": "void"})


def _refunds(credit_note: Document) -> list[str]:
    """The refunds it made: one in older documents, a list of them since basil."""
    named = [identity(refund.get("refund")) for refund in documents_in(credit_note.get("refunds"))]
    return [refund_id for refund_id in (*named, identity(credit_note.get("refund"))) if refund_id]
