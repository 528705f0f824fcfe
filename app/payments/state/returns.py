"""Money returned of a payment: refunds, disputes, credit notes; and fraud warnings. Pure.

`R = min(G, max(0, what was refunded + disputes with money out + what was credited or given back outside Stripe -
overpaid))`, G being what was collected. An overpayment was never part of G and is returned first. If G excludes what
was paid outside Stripe, the overpayment excludes it too, and a credit outside Stripe counts only above it. A credit to
the customer's balance reverses nothing: it reduces what a later invoice collects.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from app import money
from app.immutable import immutable
from app.payments.facts import TRANSACTION, Kind
from app.payments.state import refunds
from app.payments.state.bases import Paid
from app.payments.state.holds import NO_HOLD, Hold, hold_of, longest
from app.payments.state.payment_group import KnownObject, PaymentGroup

IN_AGAIN: Final = frozenset({"won", "warning_closed"})
CLOSED: Final = IN_AGAIN | {"lost", "charge_refunded", "prevented"}
"""Final dispute states; for `prevented` the balance transactions show whether the funds are withdrawn.

Stripe may add states: an unknown one counts as an open dispute.
"""


@immutable
class Returned:
    """What was returned, in minor units of the payment's currency.

    Attributes:
        amount_minor: without what was overpaid.
        is_everything: everything was returned, and the amount is unknown.
        is_in_other_currency: a dispute is in another currency, so that it counts as everything its charge brought.
        hold: what keeps the clock from approving.
        overpaid_minor: what was paid above what was due on the invoice, which is returned first.
        unnamed_minor: the part that is only in a charge's own sum of its refunds, in no refund known by its id.
    """

    amount_minor: int = 0
    is_everything: bool = False
    hold: Hold = NO_HOLD
    overpaid_minor: int = 0
    unnamed_minor: int = 0
    is_in_other_currency: bool = False

    def minor_of(self, gross_minor: int) -> int:
        """R of G. Example: `Returned(6000).minor_of(4900) == 4900`."""
        return gross_minor if self.is_everything else min(self.amount_minor, gross_minor)


def of_source(payment_group: PaymentGroup, source: str, currency: str) -> Returned:
    """What was returned of the money of a PaymentIntent or of a charge without one, at most that money.

    A charge may be refunded and also lost in a dispute; the excess is no money of another payment of its invoice.
    """
    disputes = payment_group.about(Kind.DISPUTE, source)
    out = [dispute for dispute in disputes if is_money_out(dispute)]
    comparable = [int(dispute.facts["amount"]) for dispute in out if dispute.facts["currency"] == currency]
    is_foreign, brought_minor = len(comparable) < len(out), _brought(payment_group, source)
    refunded = refunds.of_source(payment_group, source)
    amount_minor = refunded.amount_minor + sum(comparable)
    amount_minor += given_back(payment_group, {source, *payment_group.charges_of[source]})
    if brought_minor is not None:
        amount_minor = brought_minor if is_foreign else min(amount_minor, brought_minor)
    return Returned(
        amount_minor,
        is_everything=is_foreign and brought_minor is None,
        hold=hold_of(
            disputes,
            payment_group.about(Kind.WARNING, source),
            closed=CLOSED,
            is_refunded=refunded.amount_minor > 0,
        ),
        unnamed_minor=refunded.unnamed_minor,
        is_in_other_currency=is_foreign,
    )


def of_invoice(
    payment_group: PaymentGroup,
    invoice: KnownObject,
    sources: Sequence[str],
    paid: Paid,
    *,
    counts_outside: bool = False,
) -> Returned:
    """What was returned of the money with which `sources` paid `invoice`.

    Args:
        paid: what was due and paid.
        counts_outside: whether what was paid outside Stripe is part of what was collected.
    """
    currency = str(invoice.facts["currency"])
    left_out_minor = 0 if counts_outside else paid.outside_minor
    overpaid_minor = _overpaid(payment_group, invoice, sources, paid, left_out_minor)
    amount_minor = max(0, _credited_outside(payment_group, invoice.id) - left_out_minor)
    amount_minor += given_back(payment_group, {invoice.id})
    wholes = {source: of_source(payment_group, source, currency) for source in sources}
    for source, whole in wholes.items():
        amount_minor += _share(payment_group, source, invoice.id, whole.amount_minor)
    return Returned(
        max(0, amount_minor - overpaid_minor),
        is_everything=any(whole.is_everything for whole in wholes.values()),
        hold=longest(whole.hold for whole in wholes.values()),
        overpaid_minor=overpaid_minor,
        unnamed_minor=sum(whole.unnamed_minor for whole in wholes.values()),
        is_in_other_currency=any(whole.is_in_other_currency for whole in wholes.values()),
    )


def given_back(payment_group: PaymentGroup, object_ids: Collection[str]) -> int:
    """What the merchant reported as given back outside Stripe of the money of these objects."""
    known = payment_group.objects[Kind.REPORTED_REFUND]
    return sum(int(stored.facts["amount"]) for stored in known if stored.facts["of"] in object_ids)


def is_money_out(dispute: KnownObject) -> bool:
    """Whether the funds of a dispute are withdrawn.

    Balance transactions are counted, not summed, because they are in the account's currency, each at the rate of its
    day.
    """
    status = dispute.facts["status"]
    if status == "lost":
        return True
    if status in IN_AGAIN:
        return False
    moved = [int(value) for name, value in dispute.facts.items() if name.startswith(TRANSACTION)]
    return sum(amount < 0 for amount in moved) > sum(amount > 0 for amount in moved)


def _share(payment_group: PaymentGroup, source: str, invoice_id: str, returned_minor: int) -> int:
    """The part of the money returned on `source` that counts for one of the invoices it paid.

    In proportion to what it paid on each, by running totals, so that the parts add up.
    """
    invoices = sorted(payment_group.invoices_of[source])
    if len(invoices) == 1:
        return returned_minor
    weights = [_paid_on(payment_group, source, invoice) for invoice in invoices]
    return money.split(returned_minor, weights)[invoices.index(invoice_id)]


def _paid_on(payment_group: PaymentGroup, source: str, invoice_id: str) -> int:
    """What `source` paid on an invoice, by its InvoicePayment, else what the invoice says was paid."""
    for paid in payment_group.objects[Kind.INVOICE_PAYMENT]:
        names_source = source in (paid.facts.get("payment_intent"), paid.facts.get("charge"))
        if names_source and paid.facts.get("invoice") == invoice_id:
            return int(paid.facts.get("amount_paid") or 0)
    invoice = payment_group.find(Kind.INVOICE, invoice_id)
    return int(invoice.facts.get("amount_paid") or 0) if invoice else 0


def _brought(payment_group: PaymentGroup, source: str) -> int | None:
    """The amount of a source, minor units; None if no document has it."""
    intent = payment_group.find(Kind.PAYMENT_INTENT, source)
    received = intent.facts.get("amount_received") if intent else None
    if received is not None:
        return int(received)
    own = {source, *payment_group.charges_of[source]}
    charges = [charge.facts.get("amount_captured") for charge in payment_group.objects[Kind.CHARGE] if charge.id in own]
    payments = [
        paid.facts.get("amount_paid")
        for paid in payment_group.objects[Kind.INVOICE_PAYMENT]
        if own & {paid.facts.get("payment_intent"), paid.facts.get("charge")}
    ]
    known = [minor for minor in charges if minor is not None] or [minor for minor in payments if minor is not None]
    return sum(map(int, known)) if known else None


def _overpaid(
    payment_group: PaymentGroup, invoice: KnownObject, sources: Iterable[str], paid: Paid, left_out_minor: int
) -> int:
    """The overpayment of an invoice: by its own field, or by the sum of its payments."""
    by_sources = sum(_brought_to(payment_group, source, invoice.id) for source in sources)
    counted_minor = max(paid.through_minor, by_sources) + paid.outside_minor - left_out_minor
    stated_minor = int(invoice.facts.get("overpaid") or 0) - left_out_minor
    return max(0, counted_minor - max(0, paid.due_minor), stated_minor)


def _brought_to(payment_group: PaymentGroup, source: str, invoice_id: str) -> int:
    """What a source paid on an invoice: by its InvoicePayments, else its whole amount if it paid no other."""
    own = {source, *payment_group.charges_of[source]}
    payments = payment_group.payments_of(invoice_id)
    named = [paid for paid in payments if own & {paid.get("payment_intent"), paid.get("charge")}]
    if named:
        return sum(int(paid.get("amount_paid") or 0) for paid in named)
    return (_brought(payment_group, source) or 0) if payment_group.invoices_of[source] == {invoice_id} else 0


def _credited_outside(payment_group: PaymentGroup, invoice_id: str) -> int:
    return sum(
        int(note.facts.get("out_of_band") or 0)
        for note in payment_group.objects[Kind.CREDIT_NOTE]
        if note.facts.get("invoice") == invoice_id and note.facts.get("status") == "issued"
    )
