"""The carriers: where a partner's name can be found, strongest first."""

from typing import Final

TOUCHPOINT: Final = "touchpoint"
PROMOTION_CODE: Final = "promotion_code"
CLIENT_REFERENCE: Final = "client_reference"
"""Merchants fill this field with ids of their own as well: it names a partner only where its value is a known code."""

SIGN_UP: Final = "signup"

CARRIERS: Final = (
    "manual",
    "reported",
    TOUCHPOINT,
    "charge_metadata",
    "invoice_metadata",
    "subscription_metadata",
    "session_metadata",
    CLIENT_REFERENCE,
    SIGN_UP,
    "customer_metadata",
    PROMOTION_CODE,
)
"""In order of strength, the strongest first. The text of each is the sentence `carrier.<name>`."""

RANK: Final[dict[str, int]] = {carrier: rank for rank, carrier in enumerate(CARRIERS)}
