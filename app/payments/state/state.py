"""The payments of a payment group, as a pure function of all its facts.

A payment group has one payment for each of its invoices; without an invoice, one for each PaymentIntent, and for each
charge without a PaymentIntent. Nothing here depends on the order in which the facts arrived.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.immutable import immutable
from app.partners.queries.directory import STRIPE_SIGNALS
from app.payments.facts import Kind, moment
from app.payments.reported import facts
from app.payments.state import returns
from app.payments.state.bases import invoice_base, paid_on, single_base
from app.payments.state.billing import Billing, billing_of
from app.payments.state.holds import NO_HOLD, Hold, longest
from app.payments.state.payment_group import KnownObject, PaymentGroup
from app.payments.state.returns import Returned


@immutable
class PaymentState:
    """One payment as it is now. Amounts in minor units of `currency`."""

    key: str
    customer: str
    subscription: str
    invoice: str
    payment_intent: str
    charge: str
    currency: str
    gross_minor: int
    base_minor: int
    returned_minor: int
    base_details: Mapping[str, Any]
    occurred_at: datetime
    hold: Hold = NO_HOLD
    billing: Billing | None = None
    """The billing cycle that its invoice names; None without a subscription."""
    email_marks: tuple[str, ...] = ()
    """Marks of the addresses on those of its Stripe objects that name no customer, in order."""

    @property
    def is_out_of_band(self) -> bool:
        """Whether the invoice was settled outside Stripe altogether."""
        return self.gross_minor == 0 and int(self.base_details.get("outside_stripe_minor", 0)) > 0

    @property
    def is_reported(self) -> bool:
        """Whether the merchant reported it, and not Stripe."""
        return self.key.startswith(facts.KEY_PREFIX)

    @property
    def signals(self) -> Mapping[str, str]:
        """The signals that qualify it for a program, by conversion kind; Stripe's money is always of kind payment."""
        signals: Mapping[str, str] = self.base_details.get("signals", STRIPE_SIGNALS)
        return signals

    @property
    def has_amount(self) -> bool:
        """Whether money is known to have moved; an event or entitlement may be reported without any."""
        return "payment" in self.signals

    @property
    def awaits_invoice(self) -> bool:
        """Whether its document names an unknown invoice: then the commission accrues with the invoice."""
        return bool(self.base_details.get("awaits_invoice"))

    @property
    def is_described_as_invoice(self) -> bool:
        """Whether Stripe describes the charge as one that pays an invoice, though it names none."""
        return bool(self.base_details.get("described_as_invoice"))


def payments_of(payment_group: PaymentGroup) -> list[PaymentState]:
    """The payments of this payment group; none if no amount is known.

    A report is a payment by itself. Each known invoice is a payment. If an invoice is only named, the money of the
    other objects has the invoice's key until the invoice arrives.
    """
    reports, invoices = payment_group.objects[Kind.REPORTED], payment_group.objects[Kind.INVOICE]
    # An invoice without a total is voided or uncollectible, and no money.
    seen = [invoice for invoice in invoices if "total" in invoice.facts]
    if reports:
        states = [_reported_payment(payment_group, report) for report in reports]
    elif seen:
        states = [_invoice_payment(payment_group, invoice) for invoice in seen]
    else:
        candidates = (_single_payment(payment_group, source) for source in payment_group.sources)
        states = [state for state in candidates if state is not None]
        if invoices and states:
            states = [_under_invoice(payment_group, states, invoices[0])]
    marks = {mark for members in payment_group.objects.values() for member in members for mark in member.email_marks}
    return [replace(state, email_marks=tuple(sorted(marks))) for state in states] if marks else states


def _invoice_payment(payment_group: PaymentGroup, invoice: KnownObject) -> PaymentState:
    sources = [source for source in payment_group.sources if invoice.id in payment_group.invoices_of[source]]
    paid = paid_on(invoice.facts, payment_group.payments_of(invoice.id), has_stripe_payment=bool(sources))
    base = invoice_base(invoice.facts, paid)
    returned = returns.of_invoice(payment_group, invoice, sources, paid)
    details = _with_returns(base.details, returned)
    if outside := base.details.get("with_outside"):
        of_all = returns.of_invoice(payment_group, invoice, sources, paid, counts_outside=True)
        details["with_outside"] = {**outside, "returned_minor": of_all.minor_of(int(outside["gross_minor"]))}
    paid_at = invoice.facts.get("paid_at")
    charges = sorted(charge for source in sources for charge in payment_group.charges_of[source])
    return PaymentState(
        key=f"invoice:{invoice.id}",
        customer=invoice.customer,
        subscription=invoice.subscription,
        invoice=invoice.id,
        payment_intent=next((source for source in sources if payment_group.is_intent(source)), ""),
        charge=charges[0] if charges else "",
        currency=str(invoice.facts["currency"]),
        gross_minor=base.gross_minor,
        base_minor=base.base_minor,
        returned_minor=returned.minor_of(base.gross_minor),
        base_details=details,
        occurred_at=moment(paid_at) or invoice.happened_at,
        hold=returned.hold,
        billing=billing_of(invoice.facts),
    )


def _single_payment(payment_group: PaymentGroup, source: str) -> PaymentState | None:
    """The payment of a PaymentIntent, or of a charge without one; None if no amount is known."""
    intent = payment_group.find(Kind.PAYMENT_INTENT, source)
    charges = [
        charge
        for charge in payment_group.objects[Kind.CHARGE]
        if charge.id in payment_group.charges_of[source] and charge.facts.get("captured")
    ]
    sessions = [
        session
        for session in payment_group.objects[Kind.SESSION]
        if session.facts.get("mode") == "payment"
        and session.facts.get("paid")
        and session.facts.get("payment_intent") in (source, None)
    ]
    stated = [known for known in ((intent,) if intent else ()) if known.facts] + charges + sessions
    base = single_base(
        intent.facts if intent else {}, [charge.facts for charge in charges], [session.facts for session in sessions]
    )
    if base is None:
        return None
    returned = returns.of_source(payment_group, source, base.currency)
    created = [made_at for charge in charges if (made_at := moment(charge.facts.get("created")))]
    charge_ids = sorted(payment_group.charges_of[source])
    names_invoice = any(known.facts.get("invoice") for known in stated if known.kind != Kind.SESSION)
    return PaymentState(
        key=f"pi:{source}" if intent else f"ch:{source}",
        customer=max((known.customer for known in (intent, *charges, *sessions) if known), default=""),
        subscription="",
        invoice="",
        payment_intent=source if intent else "",
        charge=charge_ids[0] if charge_ids else "",
        currency=base.currency,
        gross_minor=base.gross_minor,
        base_minor=base.base_minor,
        returned_minor=returned.minor_of(base.gross_minor),
        base_details={**_with_returns(base.details, returned), "awaits_invoice": names_invoice, **_described(stated)},
        occurred_at=min(created) if created else stated[0].happened_at,
        hold=returned.hold,
    )


def _described(stated: Iterable[KnownObject]) -> dict[str, bool]:
    """The additional base details if Stripe describes the money as an invoice's."""
    is_so = any(known.facts.get("described_as_invoice") for known in stated)
    return {"described_as_invoice": True} if is_so else {}


def _under_invoice(payment_group: PaymentGroup, states: list[PaymentState], invoice: KnownObject) -> PaymentState:
    """The money of an invoice that is only named, with the invoice's key, which does not change later."""
    first = states[0]
    gross_minor = sum(state.gross_minor for state in states)
    returned_minor = sum(state.returned_minor for state in states) + returns.given_back(payment_group, {invoice.id})
    return PaymentState(
        key=f"invoice:{invoice.id}",
        customer=invoice.customer or first.customer,
        subscription=invoice.subscription,
        invoice=invoice.id,
        payment_intent=first.payment_intent,
        charge=first.charge,
        currency=first.currency,
        gross_minor=gross_minor,
        base_minor=sum(state.base_minor for state in states),
        returned_minor=min(returned_minor, gross_minor),
        base_details={**first.base_details, "awaits_invoice": any(state.awaits_invoice for state in states)},
        occurred_at=min(state.occurred_at for state in states),
        hold=longest(state.hold for state in states),
    )


def _reported_payment(payment_group: PaymentGroup, report: KnownObject) -> PaymentState:
    """The payment of a report: its amount is the base, because its tax is unknown."""
    gross_minor = int(report.facts.get("amount") or 0)
    returned_minor = returns.given_back(payment_group, {report.id})
    return PaymentState(
        key=facts.key_of(report.id),
        customer="",
        subscription="",
        invoice="",
        payment_intent="",
        charge="",
        currency=str(report.facts["currency"]),
        gross_minor=gross_minor,
        base_minor=gross_minor,
        returned_minor=min(returned_minor, gross_minor),
        base_details=facts.details_of(report.facts),
        occurred_at=datetime.fromisoformat(report.facts["occurred_at"]),
    )


def _with_returns(details: Mapping[str, Any], returned: Returned) -> dict[str, Any]:
    """The details of the base, with the returned amounts that its figures do not show."""
    extended = dict(details)
    noted = {"overpaid_minor": returned.overpaid_minor, "unnamed_returned_minor": returned.unnamed_minor}
    extended |= {name: minor for name, minor in noted.items() if minor}
    if returned.is_in_other_currency:
        extended["dispute_in_other_currency"] = True
    return extended
