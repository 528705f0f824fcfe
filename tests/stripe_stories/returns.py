"""What takes money back besides refunds: disputes with their balance transactions, warnings, credit notes."""

from dataclasses import dataclass

from .documents import Document
from .facts import Purchase
from .families import Family

DISPUTE_FEE_MINOR = 1500


@dataclass(frozen=True)
class Movement:
    """A balance transaction of a dispute: below zero the bank took the money, above it gave it back."""

    id: str
    amount_minor: int
    moved_at: int


@dataclass(frozen=True)
class Dispute:
    """A disputed charge in one of its states; `movements` only ever grows."""

    id: str
    purchase: Purchase
    amount_minor: int
    opened_at: int
    status: str = "needs_response"
    movements: tuple[Movement, ...] = ()


@dataclass(frozen=True)
class CreditNote:
    """A credit note on a paid invoice, by what became of its amount.

    Attributes:
        refund: the refund it made, if any.
        refunded_minor: what went back through that refund.
        balance_minor: what went to the customer's balance, to pay a later invoice.
        out_of_band_minor: what the merchant gave back outside Stripe.
    """

    id: str
    purchase: Purchase
    issued_at: int
    refund: str | None = None
    refunded_minor: int = 0
    balance_minor: int = 0
    out_of_band_minor: int = 0
    status: str = "issued"

    @property
    def amount_minor(self) -> int:
        return self.refunded_minor + self.balance_minor + self.out_of_band_minor


def dispute(found: Dispute, *, livemode: bool) -> Document:
    """The dispute as it stands; an inquiry is one whose status begins with `warning_`."""
    return {
        "id": found.id,
        "object": "dispute",
        "amount": found.amount_minor,
        "balance_transactions": [movement(found, moved) for moved in found.movements],
        "charge": found.purchase.charge,
        "created": found.opened_at,
        "currency": found.purchase.bill.currency,
        "enhanced_eligibility_types": [],
        "evidence_details": {"due_by": found.opened_at + 7 * 86_400, "has_evidence": False, "submission_count": 0},
        "is_charge_refundable": found.status.startswith("warning_"),
        "livemode": livemode,
        "metadata": {},
        "payment_intent": found.purchase.payment_intent,
        "payment_method_details": {"card": {"brand": "visa", "network_reason_code": "10.4"}, "type": "card"},
        "reason": "fraudulent",
        "status": found.status,
    }


def movement(found: Dispute, moved: Movement) -> Document:
    """The balance transaction: a withdrawal costs a fee, which comes back with the money."""
    is_withdrawn = moved.amount_minor < 0
    fee_minor = DISPUTE_FEE_MINOR if is_withdrawn else -DISPUTE_FEE_MINOR
    return {
        "id": moved.id,
        "object": "balance_transaction",
        "amount": moved.amount_minor,
        "available_on": moved.moved_at,
        "created": moved.moved_at,
        "currency": found.purchase.bill.currency,
        "description": f"Chargeback {'withdrawal' if is_withdrawn else 'reversal'} for {found.purchase.charge}",
        "exchange_rate": None,
        "fee": fee_minor,
        "fee_details": [{"amount": fee_minor, "currency": "usd", "description": "Dispute fee", "type": "stripe_fee"}],
        "net": moved.amount_minor - fee_minor,
        "reporting_category": "dispute" if is_withdrawn else "dispute_reversal",
        "source": found.id,
        "status": "available",
        "type": "adjustment",
    }


def early_fraud_warning(sale: Purchase, warning_id: str, created: int, *, livemode: bool) -> Document:
    return {
        "id": warning_id,
        "object": "radar.early_fraud_warning",
        "actionable": True,
        "charge": sale.charge,
        "created": created,
        "fraud_type": "misc",
        "livemode": livemode,
        "payment_intent": sale.payment_intent,
    }


def credit_note(family: Family, note: CreditNote, *, livemode: bool) -> Document:
    bill, amount = note.purchase.bill, note.amount_minor
    return {
        "id": note.id,
        "object": "credit_note",
        "amount": amount,
        "created": note.issued_at,
        "currency": bill.currency,
        "customer": note.purchase.customer,
        "customer_balance_transaction": f"cbtxn_{note.id}" if note.balance_minor else None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": note.issued_at,
        "invoice": note.purchase.invoice,
        "lines": {"object": "list", "data": [], "has_more": False, "url": f"/v1/credit_notes/{note.id}/lines"},
        "livemode": livemode,
        "memo": None,
        "metadata": {},
        "number": "C1E0-0001-CN-01",
        "out_of_band_amount": note.out_of_band_minor or None,
        "reason": "order_change",
        "status": note.status,
        "subtotal": amount,
        "subtotal_excluding_tax": amount,
        "total": amount,
        "total_excluding_tax": amount,
        "type": "post_payment",
        "voided_at": note.issued_at if note.status == "void" else None,
    } | (_old_refund(note) if family.names_links else _new_refunds(note))


def _old_refund(note: CreditNote) -> Document:
    return {"refund": note.refund, "tax_amounts": []}


def _new_refunds(note: CreditNote) -> Document:
    refund = {"amount_refunded": note.refunded_minor, "refund": note.refund, "type": "refund"}
    return {
        "post_payment_amount": note.amount_minor,
        "pre_payment_amount": 0,
        "refunds": [refund] if note.refund else [],
        "total_taxes": [],
    }
