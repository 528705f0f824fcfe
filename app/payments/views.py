"""Views of payments, in snake_case. A customer is shown by its Stripe id, never by name or address."""

from typing import Any, Final

from pydantic import Field

from app import ids
from app.paging import HasMore
from app.payments.models import Payment
from app.sentences import outcomes
from app.views import Instant, Snake

AMOUNT: Final = "In the currency's smallest unit."


class PaymentBody(Snake):
    """A payment from a customer to the merchant, whatever Stripe objects describe it."""

    id: str = Field(examples=["pmt_01h455vb4pex5vsknk084sn02q"])
    currency: str = Field(examples=["usd"])
    amount_cents: int = Field(description=f"What was collected, with tax. {AMOUNT}")
    base_cents: int = Field(description=f"What commissions are computed from. {AMOUNT}")
    returned_cents: int = Field(description=f"What was returned to the customer. {AMOUNT}")
    outcome: str = Field(examples=["unattributed"])
    reason: str = Field(description="The outcome as a sentence.")
    conflict: str | None = Field(description="For review by a person: why the payment stays with its partner.")
    customer: str | None
    subscription: str | None
    invoice: str | None
    payment_intent: str | None
    charge: str | None
    account: str | None = Field(description="A connected account; null: your own.")
    livemode: bool
    merged_into_id: str | None = Field(description="The payment that this one was merged into.")
    occurred_at: Instant
    created_at: Instant


class PaymentPage(Snake):
    """A page of payments."""

    data: list[PaymentBody]
    page: int
    limit: int
    has_more: HasMore


def payment_body(payment: Payment) -> PaymentBody:
    """The payment with its outcome as a code and a sentence."""
    return PaymentBody(**payment_fields(payment))


def payment_fields(payment: Payment) -> dict[str, Any]:
    """The fields of `PaymentBody`."""
    merged_into = payment.merged_into_id
    return {
        "id": ids.encode(ids.PAYMENT, payment.id),
        "currency": payment.currency,
        "amount_cents": payment.gross_minor,
        "base_cents": payment.base_minor,
        "returned_cents": payment.returned_minor,
        "outcome": payment.outcome,
        "reason": outcomes.sentence(payment.outcome, payment.outcome_details),
        "conflict": outcomes.conflict(payment.outcome_details),
        "customer": payment.customer or None,
        "subscription": payment.subscription or None,
        "invoice": payment.invoice or None,
        "payment_intent": payment.payment_intent or None,
        "charge": payment.charge or None,
        "account": payment.account or None,
        "livemode": payment.livemode,
        "merged_into_id": ids.encode(ids.PAYMENT, merged_into) if merged_into else None,
        "occurred_at": payment.occurred_at,
        "created_at": payment.created_at,
    }
