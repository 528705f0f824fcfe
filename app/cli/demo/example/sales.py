"""What the shop's Stripe account sends: every payment, refund and dispute of its customers, each at its time. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from app.cli.demo import documents
from app.cli.demo.documents import MONTH, Document, Sale
from app.cli.demo.example.people import CUSTOMERS, Customer
from app.immutable import immutable

VAT_PERCENT: Final = 19
"""What is added for customers who pay in euros."""
REFUNDED_AFTER: Final = timedelta(days=3)
DISPUTED_AFTER: Final = timedelta(days=9)
DECIDED_AFTER: Final = timedelta(days=20)
"""How long after its beginning a dispute is decided."""
NO_ANSWER: Final = "needs_response"


@immutable
class Happened:
    """A change in the shop's Stripe account: when, the type of its event, and the object."""

    at: datetime
    kind: str
    document: Document


def events(begins_at: datetime, ends_at: datetime) -> Sequence[tuple[datetime, Document]]:
    """Every event up to `ends_at` with its time, oldest first; the same times give the same events."""
    every = sorted((one for customer in CUSTOMERS for one in _of(customer, begins_at)), key=lambda one: one.at)
    due = [one for one in [*every, _without_total(ends_at)] if one.at < ends_at]
    return [
        (one.at, documents.event(f"evt_{number:05}demo", one.kind, one.document, one.at))
        for number, one in enumerate(due, start=1)
    ]


def _of(customer: Customer, begins_at: datetime) -> Iterator[Happened]:
    subscribed_at = begins_at + timedelta(days=customer.first_day, hours=8 + len(customer.name))
    for number in range(1, customer.months + 1):
        paid = _payment(customer, number, subscribed_at + (number - 1) * MONTH)
        yield from _paid(paid)
        if customer.refund is not None and customer.refund[0] == number:
            at = paid.paid_at + REFUNDED_AFTER
            refund = documents.refund(paid, paid.gross_minor * customer.refund[1] // 100, at)
            yield Happened(at, "refund.created", refund)
        if customer.disputed is not None and customer.disputed[0] == number:
            yield from _disputed(paid, customer.disputed[1])


def _payment(customer: Customer, number: int, paid_at: datetime) -> Sale:
    name = customer.name.lower()
    return Sale(
        number=f"{name}{number:02}",
        customer=f"cus_{name}",
        subscription=f"sub_{name}",
        email=customer.address,
        code=customer.code,
        net_minor=customer.net_minor,
        tax_minor=customer.net_minor * VAT_PERCENT // 100 if customer.currency == "eur" else 0,
        currency=customer.currency,
        paid_at=paid_at,
        reason="subscription_create" if number == 1 else "subscription_cycle",
    )


def _paid(paid: Sale) -> Iterator[Happened]:
    if paid.reason == "subscription_create":
        yield Happened(paid.paid_at, "customer.created", documents.customer(paid))
        yield Happened(paid.paid_at, "customer.subscription.created", documents.subscription(paid))
    yield Happened(paid.paid_at, "invoice.paid", documents.invoice(paid))
    yield Happened(paid.paid_at, "invoice_payment.paid", documents.invoice_payment(paid))


def _disputed(paid: Sale, status: str) -> Iterator[Happened]:
    at = paid.paid_at + DISPUTED_AFTER
    yield Happened(at, "charge.dispute.created", documents.dispute(paid, NO_ANSWER, at))
    if status != NO_ANSWER:
        yield Happened(at + DECIDED_AFTER, "charge.dispute.closed", documents.dispute(paid, status, at))


def _without_total(ends_at: datetime) -> Happened:
    """An invoice that lacks its total, which no document of Stripe's does, so its event is parked."""
    at = ends_at - timedelta(days=1)
    whole = documents.invoice(_payment(Customer("Xylem", "ben", 7900, 0), 1, at))
    return Happened(at, "invoice.paid", {name: value for name, value in whole.items() if name != "total"})
