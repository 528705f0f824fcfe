"""What a movement of money amounts to, as a pure function of everything known of it.

A *component* is the set of Stripe objects that are one movement of money. It makes one payment for each invoice in
it; without an invoice, one for each PaymentIntent, or for a charge that has none. Nothing here depends on the order
in which the facts came.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from app import money
from app.payments.bases import invoice_base, single_base
from app.payments.facts import KINDS, Kind

RETURNED_NOTHING: Final = frozenset({"failed", "canceled"})
"""Refund states in which the customer has nothing back."""


@dataclass(frozen=True, slots=True)
class KnownObject:
    """A Stripe object with all the facts known of it, `stated_at` None while it was only named."""

    kind: str
    id: str
    root: str
    customer: str
    subscription: str
    facts: Mapping[str, Any]
    stated_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownRefund:
    """A refund in its newest state; `amount_minor` counts unless it failed or was canceled."""

    id: str
    charge: str
    payment_intent: str
    amount_minor: int
    status: str


@dataclass(frozen=True, slots=True)
class PaymentState:
    """One payment as it stands now. Amounts in minor units of `currency`."""

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

    @property
    def is_out_of_band(self) -> bool:
        """Whether the invoice was settled outside Stripe altogether."""
        return self.gross_minor == 0 and int(self.base_details.get("outside_stripe_minor", 0)) > 0

    @property
    def awaits_invoice(self) -> bool:
        """Whether its own document names an invoice we have not seen: the invoice is what accrues."""
        return bool(self.base_details.get("awaits_invoice"))


@dataclass(frozen=True, slots=True)
class Component:
    """One movement of money, its objects by kind, its links and refunds."""

    objects: Mapping[str, Sequence[KnownObject]]
    refunds: Sequence[KnownRefund]
    charges_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    invoices_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """For each PaymentIntent (or charge without one) the invoices it paid, all of them if no fact says which."""

    @classmethod
    def of(cls, objects: Iterable[KnownObject], refunds: Iterable[KnownRefund]) -> "Component":
        """The component of `objects`, whichever order they come in."""
        by_kind: dict[str, list[KnownObject]] = {kind: [] for kind in KINDS}
        for known in sorted(objects, key=lambda known: known.id):
            by_kind[known.kind].append(known)
        known_refunds = sorted(refunds, key=lambda refund: refund.id)
        charges_of = _charges_of(by_kind, known_refunds)
        invoices_of = _invoices_of(by_kind, charges_of)
        return cls(by_kind, known_refunds, charges_of, invoices_of)

    @property
    def sources(self) -> list[str]:
        """What brought the money: PaymentIntents, and charges that have none."""
        return sorted(self.charges_of)


def payments_of(component: Component) -> list[PaymentState]:
    """The payments this component makes, none while no amount is known.

    Seen invoices are payments. Where none was seen, but one is known to exist, the money of the other faces stands
    under the invoice's key until it comes.
    """
    invoices = component.objects[Kind.INVOICE]
    seen = [invoice for invoice in invoices if invoice.facts]
    if seen:
        return [_invoice_payment(component, invoice) for invoice in seen]
    states = [_single_payment(component, source) for source in component.sources]
    found = [state for state in states if state is not None]
    if invoices and found:
        return [_under_invoice(found, invoices[0])]
    return found


def _invoice_payment(component: Component, invoice: KnownObject) -> PaymentState:
    sources = [source for source in component.sources if invoice.id in component.invoices_of[source]]
    base = invoice_base(invoice.facts, has_stripe_payment=bool(sources))
    returned = sum(_returned_share(component, source, invoice.id) for source in sources)
    paid_at = invoice.facts.get("paid_at")
    charges = sorted(charge for source in sources for charge in component.charges_of[source])
    return PaymentState(
        key=f"invoice:{invoice.id}",
        customer=invoice.customer,
        subscription=invoice.subscription,
        invoice=invoice.id,
        payment_intent=next((source for source in sources if _is_intent(component, source)), ""),
        charge=charges[0] if charges else "",
        currency=str(invoice.facts["currency"]),
        gross_minor=base.gross_minor,
        base_minor=base.base_minor,
        returned_minor=min(returned, base.gross_minor),
        base_details=base.details,
        occurred_at=_moment(paid_at) or _stated_at(invoice),
    )


def _single_payment(component: Component, source: str) -> PaymentState | None:
    """The payment a PaymentIntent or lone charge makes by itself; None while no money is known to have moved."""
    intent = _find(component, Kind.PAYMENT_INTENT, source)
    charges = [
        charge
        for charge in component.objects[Kind.CHARGE]
        if charge.id in component.charges_of[source] and charge.facts.get("captured")
    ]
    sessions = [
        session
        for session in component.objects[Kind.SESSION]
        if session.facts.get("mode") == "payment"
        and session.facts.get("paid")
        and session.facts.get("payment_intent") in (source, None)
    ]
    stated = [known for known in ((intent,) if intent else ()) if known.facts] + charges + sessions
    base = single_base(
        intent.facts if intent else {}, [charge.facts for charge in charges], [one.facts for one in sessions]
    )
    if base is None:
        return None
    created = [moment for charge in charges if (moment := _moment(charge.facts.get("created")))]
    charge_ids = sorted(component.charges_of[source])
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
        returned_minor=min(_returned(component, source), base.gross_minor),
        base_details={**base.details, "awaits_invoice": names_invoice},
        occurred_at=min(created) if created else _stated_at(stated[0]),
    )


def _under_invoice(states: list[PaymentState], invoice: KnownObject) -> PaymentState:
    """The known money of an invoice not seen yet, under the key that will stay."""
    first = states[0]
    return PaymentState(
        key=f"invoice:{invoice.id}",
        customer=invoice.customer or first.customer,
        subscription=invoice.subscription,
        invoice=invoice.id,
        payment_intent=first.payment_intent,
        charge=first.charge,
        currency=first.currency,
        gross_minor=sum(state.gross_minor for state in states),
        base_minor=sum(state.base_minor for state in states),
        returned_minor=sum(state.returned_minor for state in states),
        base_details={**first.base_details, "awaits_invoice": any(state.awaits_invoice for state in states)},
        occurred_at=min(state.occurred_at for state in states),
    )


def _returned_share(component: Component, source: str, invoice_id: str) -> int:
    """What of the money returned on `source` counts for one of the invoices it paid.

    In proportion to what it paid on each, by running totals, so that the parts add up.
    """
    invoices = sorted(component.invoices_of[source])
    if len(invoices) == 1:
        return _returned(component, source)
    weights = [_paid_on(component, source, invoice) for invoice in invoices]
    return money.split(_returned(component, source), weights)[invoices.index(invoice_id)]


def _paid_on(component: Component, source: str, invoice_id: str) -> int:
    """What `source` paid on an invoice, by its InvoicePayment, else what the invoice says was paid."""
    for paid in component.objects[Kind.INVOICE_PAYMENT]:
        names_source = source in (paid.facts.get("payment_intent"), paid.facts.get("charge"))
        if names_source and paid.facts.get("invoice") == invoice_id:
            return int(paid.facts.get("amount_paid") or 0)
    invoice = _find(component, Kind.INVOICE, invoice_id)
    return int(invoice.facts.get("amount_paid") or 0) if invoice else 0


def _returned(component: Component, source: str) -> int:
    """All that went back to the customer of `source`, minor units.

    A charge's own cumulative figure counts only while no refund of it is known by its id. What was authorized and not
    captured is released as a refund as well, but nobody had paid it.
    """
    charges = component.charges_of[source]
    known = [charge for charge in component.objects[Kind.CHARGE] if charge.id in charges]
    intent = _find(component, Kind.PAYMENT_INTENT, source)
    released = max(sum(map(_released, known)), _released(intent) if intent else 0)
    refunds = [one for one in component.refunds if one.payment_intent == source or one.charge in charges]
    if refunds:
        amounts = [one.amount_minor for one in refunds if one.status not in RETURNED_NOTHING]
        return sum(amounts) - (released if released in amounts else 0)
    return max(0, sum(int(charge.facts.get("amount_refunded") or 0) for charge in known) - released)


def _released(known: KnownObject) -> int:
    return int(known.facts.get("amount_released") or 0)


def _charges_of(
    objects: Mapping[str, Sequence[KnownObject]], refunds: Iterable[KnownRefund]
) -> dict[str, frozenset[str]]:
    """The charges of each source. A charge whose PaymentIntent nothing names goes to the only one there is."""
    intents = {intent.id: {intent.facts.get("latest_charge")} - {None} for intent in objects[Kind.PAYMENT_INTENT]}
    for refund in refunds:  # often all that names both, and one taken for two sources would be counted twice
        if refund.charge and refund.payment_intent in intents:
            intents[refund.payment_intent].add(refund.charge)
    lone: dict[str, set[Any]] = {}
    for charge in objects[Kind.CHARGE]:
        owner = charge.facts.get("payment_intent")
        named = [intent for intent, charges in intents.items() if charge.id in charges]
        if owner not in intents:
            owner = named[0] if named else next(iter(intents), None) if len(intents) == 1 else None
        if owner is None:
            lone[charge.id] = {charge.id}
        else:
            intents[owner].add(charge.id)
    return {source: frozenset(map(str, charges)) for source, charges in (intents | lone).items()}


def _invoices_of(
    objects: Mapping[str, Sequence[KnownObject]], charges_of: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    every = frozenset(invoice.id for invoice in objects[Kind.INVOICE])
    found = {}
    for source, charges in charges_of.items():
        own = {source, *charges}
        named = {
            str(paid.facts["invoice"])
            for paid in objects[Kind.INVOICE_PAYMENT]
            if own & {paid.facts.get("payment_intent"), paid.facts.get("charge")}
        }
        named |= {
            invoice.id
            for invoice in objects[Kind.INVOICE]
            if own & {invoice.facts.get("payment_intent"), invoice.facts.get("charge")}
        }
        found[source] = frozenset(named & every) or every
    return found


def _find(component: Component, kind: str, object_id: str) -> KnownObject | None:
    return next((known for known in component.objects[kind] if known.id == object_id), None)


def _is_intent(component: Component, source: str) -> bool:
    return _find(component, Kind.PAYMENT_INTENT, source) is not None


def _stated_at(known: KnownObject) -> datetime:
    assert known.stated_at is not None, "only stated objects make payments"
    return known.stated_at


def _moment(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
