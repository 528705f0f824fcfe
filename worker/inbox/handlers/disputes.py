"""Disputes and early fraud warnings: money that the customer's bank withdraws, or may withdraw."""

from app.payments.facts import TRANSACTION, Kind, ObjectFacts, Reading
from worker.inbox.handlers.fields import Document, amount, currency, documents_in, identity, optional_amount, own_id


def changed(dispute: Document) -> Reading:
    """`charge.dispute.*`: a dispute's present state, with every balance transaction it has had so far.

    Before 2014 disputes had no ids, and a charge had one dispute at most.
    """
    charge, payment_intent = identity(dispute.get("charge")), identity(dispute.get("payment_intent"))
    dispute_id, status = identity(dispute), dispute.get("status")
    if not dispute_id:
        dispute_id = f"dispute:{charge}" if charge else own_id(dispute)
    created = dispute.get("created")
    facts = {
        "created": created if isinstance(created, int) else None,
        "amount": amount(dispute, "amount"),
        "currency": currency(dispute),
        "status": status if isinstance(status, str) else "needs_response",
        "charge": charge or None,
        "payment_intent": payment_intent or None,
        **_transactions(dispute.get("balance_transactions")),
    }
    return Reading(
        objects=(
            ObjectFacts(Kind.DISPUTE, dispute_id, facts),
            ObjectFacts(Kind.CHARGE, charge),
            ObjectFacts(Kind.PAYMENT_INTENT, payment_intent),
        ),
        links=((dispute_id, charge), (dispute_id, payment_intent)),
        is_return=True,
    )


def warned(warning: Document) -> Reading:
    """`radar.early_fraud_warning.created`, `…updated`: the card's bank suspects fraud."""
    warning_id, created = own_id(warning), warning.get("created")
    charge, payment_intent = identity(warning.get("charge")), identity(warning.get("payment_intent"))
    facts = {
        "created": created if isinstance(created, int) else None,
        "reason": warning.get("fraud_type"),
        "charge": charge or None,
        "payment_intent": payment_intent or None,
    }
    return Reading(
        objects=(
            ObjectFacts(Kind.WARNING, warning_id, facts),
            ObjectFacts(Kind.CHARGE, charge),
            ObjectFacts(Kind.PAYMENT_INTENT, payment_intent),
        ),
        links=((warning_id, charge), (warning_id, payment_intent)),
        is_return=True,
    )


def _transactions(transactions: object) -> dict[str, int]:
    """The balance transactions by id, each with its amount in the account's currency; negative: funds withdrawn.

    Each is a separate fact, because the list only grows: the union of all lists is correct, in whatever order the
    events arrived.
    """
    amounts: dict[str, int] = {}
    for transaction in documents_in(transactions):
        transaction_id = identity(transaction)
        if transaction_id:
            moved = optional_amount(transaction, "amount", may_be_negative=True)
            if moved is not None:
                amounts[f"{TRANSACTION}{transaction_id}"] = moved
    return amounts
