"""The carriers: where a partner's name can be found, strongest first."""

from typing import Final

TOUCHPOINT: Final = "touchpoint"
PROMOTION_CODE: Final = "promotion_code"
CLIENT_REFERENCE: Final = "client_reference"
"""Merchants fill this field with ids of their own as well: it names a partner only where its value is a known code."""

CARRIERS: Final[dict[str, str]] = {
    "manual": "a person's decision",
    "reported": "the merchant's report",
    TOUCHPOINT: "a recorded visit through the partner's link",
    "charge_metadata": "the metadata of the charge or PaymentIntent",
    "invoice_metadata": "the metadata of the invoice",
    "subscription_metadata": "the metadata of the subscription",
    "session_metadata": "the metadata of the checkout session",
    CLIENT_REFERENCE: "the client reference of the checkout session",
    "customer_metadata": "the metadata of the Stripe customer",
    PROMOTION_CODE: "a promotion code or coupon that belongs to the partner",
}
"""Each carrier with the words people read. The order is the order of belief."""

RANK: Final[dict[str, int]] = {carrier: rank for rank, carrier in enumerate(CARRIERS)}
