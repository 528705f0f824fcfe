"""The shapes Stripe renders its objects in, by the API version of the endpoint."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """One shape of documents.

    Attributes:
        api_version: what the event says of itself.
        names_links: invoices, charges and PaymentIntents name each other (gone since 2025-03-31).
        knows_off_stripe: invoices say how much of them was paid outside Stripe (since 2026-05-27).
    """

    name: str
    api_version: str
    names_links: bool
    knows_off_stripe: bool = False


ACACIA = Family("acacia", "2025-02-24.acacia", names_links=True)
CLOVER = Family("clover", "2025-11-17.clover", names_links=False)
ENDIVE = Family("endive", "2026-10-28.endive", names_links=False, knows_off_stripe=True)

OLD_AND_NEW = (ACACIA, CLOVER)
"""One of each side of the break; what holds for both holds for all."""
