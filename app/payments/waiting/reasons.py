"""Codes of the reasons to wait, with what ends each wait, and what gives it up. Pure.

Events, payments and customers wait. Waiting events and payments have the outcome `waiting`: its details have the code
as `waiting_for` and, where Stripe can be asked for what is missing, the look-up: `look_up`, `object_id`, `asked_for`.
The text of a code is the sentence `waiting.<code>`.
"""

from datetime import timedelta
from typing import Any, Final

from app.payments.state.state import PaymentState
from app.stripe_sync import lookups
from app.stripe_sync.lookups import LookupRequest

INVOICE: Final = "invoice"
"""A charge names an invoice that is not known. Ends when the invoice arrives, by itself or by a look-up."""
INVOICE_LINK: Final = "invoice_link"
"""A charge of a customer with invoices may pay one of them.

Ends when the InvoicePayment arrives; given up after `GIVEN_UP_AFTER`, or when Stripe answers that it paid no invoice:
then the payment is `unattributed`.
"""
INVOICE_LINES: Final = "invoice_lines"
"""A rate or a limit needs lines that the invoice's event did not have. Ends when they have been fetched."""
PAYMENT: Final = "payment"
"""A checkout session is complete and not paid. Ends when it is paid; given up when it expires or its payment fails."""
AMOUNT: Final = "amount"
"""An event states that something was paid, and the amount is not known. Ends when the payment is known."""
RETURNED_PAYMENT: Final = "returned_payment"
"""A refund, dispute or credit note arrived before its payment.

Ends when the payment, or what links it, arrives; given up when the money turns out to be an authorization that was
released.
"""
WARNED_PAYMENT: Final = "warned_payment"
"""A fraud warning arrived before its payment. Ends as `RETURNED_PAYMENT`."""
FETCHED_OBJECT: Final = "fetched_object"
"""A thin event carries no data. Ends when its object, fetched from Stripe, has been processed."""
CUSTOMER_METADATA: Final = "customer_metadata"
"""A paying customer is credited to no partner, and no event has described the customer.

No payment waits for it: only the list of what waits has it, until Stripe answers.
"""

REASONS: Final = (
    *(INVOICE, INVOICE_LINK, INVOICE_LINES, PAYMENT, AMOUNT),
    *(RETURNED_PAYMENT, WARNED_PAYMENT, FETCHED_OBJECT, CUSTOMER_METADATA),
)

GIVEN_UP_AFTER: Final = {INVOICE_LINK: timedelta(hours=48)}
"""The maximum wait of a reason; the other reasons have no maximum.

Stripe sends the link to an invoice within seconds; retries of a failed delivery take longer."""


def waiting(reason: str, request: LookupRequest | None = None) -> dict[str, Any]:
    """The details of the outcome `waiting`: the reason, and the look-up that may end it."""
    if request is None:
        return {"waiting_for": reason}
    details = {"waiting_for": reason, "look_up": request.kind, "object_id": request.object_id}
    return details | ({"asked_for": request.asked_for} if request.asked_for else {})


def for_invoice(state: PaymentState) -> dict[str, Any]:
    """The details of a charge that names an invoice which is not known."""
    return waiting(INVOICE, LookupRequest("invoice", state.invoice))


def for_invoice_link(state: PaymentState) -> dict[str, Any]:
    """The details for a charge that may pay an invoice of its customer."""
    return waiting(INVOICE_LINK, LookupRequest(lookups.INVOICE_LINK, state.payment_intent or state.charge))


def for_invoice_lines(state: PaymentState) -> dict[str, Any]:
    """The details of a payment whose rate or limit needs lines that are not known."""
    return waiting(INVOICE_LINES, LookupRequest(lookups.INVOICE_LINES, state.invoice))
