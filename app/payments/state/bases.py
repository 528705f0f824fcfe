"""The base of a payment: what a commission is computed from, and its calculation."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.immutable import immutable
from app.money import half_up

Facts = Mapping[str, Any]
SCHEMA_VERSION: Final = 1
"""The version of a base's details; increase it if readers must distinguish a new format."""


@immutable
class Base:
    """Amounts in minor units; `details` has the figures and the code of the formula (`app.sentences.calculations`)."""

    currency: str
    gross_minor: int
    base_minor: int
    details: Mapping[str, Any]


@immutable
class Paid:
    """What was due on an invoice, at most its total, and what was paid on it, overpayments included. Minor units."""

    due_minor: int
    through_minor: int
    """Through Stripe."""
    outside_minor: int
    """Outside Stripe."""

    def collected(self, *, counts_outside: bool) -> int:
        """What counts as paid: at most what was due."""
        return max(0, min(self.through_minor + (self.outside_minor if counts_outside else 0), self.due_minor))


def invoice_base(invoice: Facts, paid: Paid) -> Base:
    """The base of a paid invoice: its net total, in proportion to what was collected through Stripe.

    Discounts, negative prorations and credit grants are already inside the total; customer balance lowers what was due
    and paid; the `min` keeps old debt and overpayment out. Example: total 12000 with 2000 tax, 6000 of it paid from a
    card and the rest from balance, gives a base of 10000 x 6000 / 12000 = 5000, even if the card paid 6000 twice.

    What was paid outside Stripe is left out. For programs that pay on it too, `with_outside` in the details says what
    gross and base are with it.

    Source: Stripe API reference, "The Invoice object"; `total_excluding_tax`, `amount_due`, `amount_paid`.
    """
    total, net_total, outside = int(invoice["total"]), _net_total(invoice), paid.outside_minor
    collected = paid.collected(counts_outside=False)
    base_minor, formula = _share(net_total, collected, total)
    details = {
        "schema_version": SCHEMA_VERSION,
        "source": "invoice",
        "total_minor": total,
        "tax_minor": total - net_total,
        "net_total_minor": net_total,
        "collected_minor": collected,
        "outside_stripe_minor": outside,
        "base_minor": base_minor,
        "formula": formula,
    }
    # The sum of the lines of each product, if all lines are known.
    lines = {"lacks_lines": True} if invoice.get("lines") is None else {"lines": invoice["lines"]}
    if outside > 0:
        gross_minor = paid.collected(counts_outside=True)
        with_outside_minor, with_outside_formula = _share(net_total, gross_minor, total)
        details["with_outside"] = {
            "gross_minor": gross_minor,
            "base_minor": with_outside_minor,
            "formula": with_outside_formula,
        }
    return Base(str(invoice["currency"]), collected, base_minor, details | lines)


def _share(net_total: int, collected: int, total: int) -> tuple[int, str]:
    """The part of `net_total` that `collected` of `total` pays for, with the code of its formula."""
    if total <= 0 or net_total <= 0 or collected == 0:
        return 0, "nothing_collected"
    if collected == total:
        return net_total, "net_total"
    return half_up(net_total * collected, total), "net_total_in_proportion"


def _net_total(invoice: Facts) -> int:
    net_total = invoice.get("net_total")
    return int(invoice["total"]) - int(invoice.get("tax") or 0) if net_total is None else int(net_total)


def paid_on(invoice: Facts, payments: Sequence[Facts], *, has_stripe_payment: bool) -> Paid:
    """What was paid on an invoice through Stripe and outside it.

    Before basil a field says that an invoice was marked as paid, and `amount_paid` does not contain that money. Since
    basil `amount_paid` contains it, and InvoicePayments of payment records say how much it is. Where no InvoicePayment
    is known, an invoice that was never charged, and of which no PaymentIntent or charge is known, was marked as paid
    too; an attempt to charge it proves nothing, because a card may have been declined before the customer wired the
    money.

    Args:
        invoice: the invoice's facts.
        payments: the facts of the InvoicePayments that name it.
        has_stripe_payment: a PaymentIntent or charge is known to have paid it.

    Source: Stripe changelog 2025-03-31, "Adds support for multiple partial payments on invoices".
    """
    paid, total = int(invoice["amount_paid"]), int(invoice["total"])
    due = min(int(invoice.get("amount_due", total)), total)
    if invoice.get("paid_out_of_band"):
        return Paid(due, 0, due)
    outside = sum(int(payment.get("amount_paid") or 0) for payment in payments if payment.get("is_outside"))
    if not invoice.get("paid_contains_outside"):
        return Paid(due, paid, outside)
    if invoice.get("attempted") is False and not payments and not has_stripe_payment:
        return Paid(due, 0, paid)
    # The invoice's document may be older than that of one of its payments.
    stated = sum(int(payment.get("amount_paid") or 0) for payment in payments if not payment.get("is_outside"))
    return Paid(due, max(paid - outside, stated), outside)


def single_base(intent: Facts, charges: Sequence[Facts], sessions: Sequence[Facts]) -> Base | None:
    """The base of money without an invoice; None if no object has the amount.

    A paid checkout session has the tax. Without one the base includes tax, and the explanation says so, unless the
    PaymentIntent has the tax.
    """
    session = next((facts for facts in sessions if facts.get("amount_total") is not None), None)
    received = _received(intent, charges)
    presentment = next(
        (facts["presentment"] for facts in (intent, *charges, *sessions) if facts.get("presentment")), None
    )
    shown = {"presentment": presentment} if presentment else {}
    currency = intent.get("currency") or next((str(charge["currency"]) for charge in charges), None)
    if session is not None:
        return _session_base(session, received, currency, shown)
    if received is None or currency is None:
        return None
    tax = int(intent.get("tax") or 0)
    formula = "received_less_tax" if tax else "received"
    source = "payment_intent" if intent else "charge"
    details = _details(source, received, received, tax, formula) | shown
    return Base(currency, received, int(details["base_minor"]), details)


def _received(intent: Facts, charges: Sequence[Facts]) -> int | None:
    if intent.get("amount_received") is not None:
        return int(intent["amount_received"])
    captured = [int(charge["amount_captured"]) for charge in charges if charge.get("amount_captured") is not None]
    return sum(captured) if captured else None


def _session_base(session: Facts, received: int | None, currency: str | None, shown: dict[str, Any]) -> Base:
    """The base of a paid session, in proportion to what was received.

    Sessions of the former Adaptive Pricing are in the customer's currency, while the money moved in the merchant's. A
    ratio has no currency: of 4500 received in USD, for a session of EUR 4160 with 664 tax, the base is
    4500 x 3496 / 4160 = 3782 in USD. Until the PaymentIntent or charge is known, the session's own figures are used.

    Source: Stripe changelog 2025-03-31, "Adds presentment details for Adaptive Pricing".
    """
    total, tax, own_currency = int(session["amount_total"]), int(session.get("tax") or 0), str(session["currency"])
    if received is not None and currency is not None and currency != own_currency:
        base_minor = half_up(received * (total - tax), total) if total > tax else 0
        formula = "session_converted"
        seen = {"session_currency": own_currency, "session_total_minor": total, "session_tax_minor": tax}
        details = _details("session", received, received, received - base_minor, formula) | seen | shown
        return Base(currency, received, int(details["base_minor"]), details)
    collected = total if received is None else min(received, total)
    formula = "session_net_total" if collected == total else "session_net_total_in_proportion"
    details = _details("session", total, collected, tax, formula) | shown
    return Base(own_currency, collected, int(details["base_minor"]), details)


def _details(source: str, total: int, collected: int, tax: int, formula: str) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "source": source,
        "total_minor": total,
        "tax_minor": tax,
        "net_total_minor": total - tax,
        "collected_minor": collected,
        "outside_stripe_minor": 0,
        "base_minor": half_up((total - tax) * collected, total) if total > 0 and total > tax else 0,
        "formula": formula,
    }
