"""The shapes Stripe renders its objects in, by the API version of the endpoint."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """One shape of documents.

    Attributes:
        api_version: what the event says of itself.
        names_links: invoices, charges and PaymentIntents name each other (gone since 2025-03-31).
        is_mixed: they carry the fields of both sides of that break, as some recorded ones do.
        lists_charges: PaymentIntents list their charges and charges their refunds (gone since 2022-11-15).
        names_orders: PaymentIntents name their invoice as what was ordered, which recorded ones do since 2025-10-29.
    """

    name: str
    api_version: str
    names_links: bool
    is_mixed: bool = False
    lists_charges: bool = False
    names_orders: bool = False

    @property
    def has_parents(self) -> bool:
        """Whether invoices and their lines say in `parent` what they are for, and InvoicePayments what paid them."""
        return self.is_mixed or not self.names_links


FIRST = Family("first", "2020-08-27", names_links=True, lists_charges=True)
ACACIA = Family("acacia", "2025-02-24.acacia", names_links=True)
MIXED = Family("mixed", "2023-10-16", names_links=True, is_mixed=True)
CLOVER = Family("clover", "2025-11-17.clover", names_links=False)
ENDIVE = Family("endive", "2026-10-28.endive", names_links=False, names_orders=True)

OLD_AND_NEW = (ACACIA, CLOVER)
"""One of each side of the break of 2025."""
FAMILIES = (FIRST, ACACIA, CLOVER)
"""One for each of the two breaks a document has two sides of, that of 2022 and that of 2025."""
EVERY_SHAPE = (*FAMILIES, MIXED, ENDIVE)
