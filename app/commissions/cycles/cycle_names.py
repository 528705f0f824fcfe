"""The billing cycle of its subscription that each payment belongs to, as a name. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from app.immutable import immutable
from app.payments.state.billing import ADVANCE, WITHIN, Billing

CycleName = tuple[str, datetime]
"""The name of a cycle within its subscription: a kind of billing and an end."""


@immutable
class Paid:
    """The fields of a payment that positions depend on. `billing` is None if it has no billing cycle."""

    id: UUID
    key: str
    subscription: str
    customer: str
    occurred_at: datetime
    base_minor: int
    billing: Billing | None
    is_credited: bool


def cycle_names(payments: Sequence[Paid]) -> dict[UUID, CycleName]:
    """The name of each payment's billing cycle; payments without a subscription have no entry.

    An invoice of prorations and one-off items has the name of the last regular invoice of its subscription that was
    billed before it or at the same moment. Without such an invoice it is named by its own earliest end.

    Args:
        payments: all of their subscriptions.
    """
    billed = [(paid, paid.billing) for paid in payments if paid.billing is not None and paid.subscription]
    regular = _regular(billed)
    names = {}
    for paid, billing in billed:
        if billing.kind != WITHIN:
            names[paid.id] = (billing.kind, billing.ends_at)
            continue
        invoices = regular.get(paid.subscription, [])
        place = bisect_right(invoices, _billed_at(paid, billing), key=lambda invoice: invoice[0])
        names[paid.id] = invoices[place - 1][2] if place else (ADVANCE, billing.ends_at)
    return names


def _regular(billed: Iterable[tuple[Paid, Billing]]) -> dict[str, list[tuple[datetime, bool, CycleName]]]:
    """By subscription: its regular invoices, sorted by the moment of billing, each with its name.

    Of invoices billed at the same moment, the one billed in advance is last, so that it is found first.
    """
    regular: dict[str, list[tuple[datetime, bool, CycleName]]] = {}
    for paid, billing in billed:
        if billing.kind != WITHIN:
            invoice = (_billed_at(paid, billing), billing.kind == ADVANCE, (billing.kind, billing.ends_at))
            regular.setdefault(paid.subscription, []).append(invoice)
    return {subscription: sorted(invoices) for subscription, invoices in regular.items()}


def _billed_at(paid: Paid, billing: Billing) -> datetime:
    """The moment of billing; the time of payment if no field of the invoice has it."""
    return billing.billed_at or paid.occurred_at
