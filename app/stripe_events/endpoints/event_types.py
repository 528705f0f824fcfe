"""The event types that an endpoint at Stripe must send, and the newest API version that was tested. Pure.

The workers have the handlers of these types; a test compares both.
"""

from typing import Final

API_VERSION: Final = "2026-10-28.endive"
"""The API version of our requests, and the newest version of documents that Accrual was tested with."""

PAYMENTS: Final = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice.overpaid",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "invoice_payment.paid",
    "charge.succeeded",
    "charge.captured",
    "charge.refunded",
    "charge.updated",
    "payment_intent.succeeded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refund.updated",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
    "radar.early_fraud_warning.created",
    "radar.early_fraud_warning.updated",
    "credit_note.created",
    "credit_note.updated",
    "credit_note.voided",
    "customer.created",
    "customer.updated",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "promotion_code.created",
    "promotion_code.updated",
    "coupon.created",
    "coupon.updated",
    "customer.discount.created",
    "customer.discount.updated",
)
"""Types about customers' payments, of the merchant's own account or of connected accounts."""
TRANSFERS: Final = ("transfer.created", "transfer.updated", "transfer.reversed")
"""Types about payouts through Stripe, of the merchant's own account."""
ACCOUNTS: Final = ("account.updated", "capability.updated", "payout.paid", "payout.failed")
"""Types about partners' connected accounts, which an endpoint for connected accounts receives."""
ALL: Final = "*"
"""Stripe's name for all types."""
