"""A payment group: the Stripe objects of one movement of money by kind, and the links between them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from app.immutable import immutable
from app.payments.facts import EMAIL, KINDS, MONEY_KINDS, RETURN_KINDS, Kind, moment


def marks_in(facts: Mapping[str, Any]) -> frozenset[str]:
    """The marks of addresses among an object's facts."""
    return frozenset(name.removeprefix(EMAIL) for name in facts if name.startswith(EMAIL))


@immutable
class KnownObject:
    """A Stripe object with all the facts known of it.

    Attributes:
        stated_at: the time of the newest statement about it; None if it was only named.
        older_at: the times, Unix seconds, of facts that are older than that.
    """

    kind: str
    id: str
    root: str
    customer: str
    subscription: str
    facts: Mapping[str, Any]
    stated_at: datetime | None
    older_at: Mapping[str, int] = field(default_factory=dict)

    @property
    def stated_seconds(self) -> int:
        """The time of the newest statement about it, Unix seconds; 0 if it was only named."""
        return int(self.stated_at.timestamp()) if self.stated_at else 0

    def stated_at_seconds(self, name: str) -> int:
        """When the fact of this name was last stated, Unix seconds."""
        return self.older_at.get(name, self.stated_seconds)

    @property
    def email_marks(self) -> frozenset[str]:
        """Marks of the addresses that were seen on it."""
        return marks_in(self.facts)

    @property
    def happened_at(self) -> datetime:
        """When a described object was created: Stripe's `created` if it is stored, else its last statement's time."""
        created = moment(self.facts.get("created"))
        if created is not None:
            return created
        assert self.stated_at is not None, "an object that was only named has not happened yet"
        return self.stated_at


@immutable
class PaymentGroup:
    """One movement of money, its objects by kind, and its links."""

    objects: Mapping[str, Sequence[KnownObject]]
    charges_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By source, a PaymentIntent or a charge without one: its charges."""
    invoices_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By source: the invoices it paid, by their links; else the one of its order reference, else all."""

    @classmethod
    def of(cls, objects: Iterable[KnownObject]) -> "PaymentGroup":
        """The payment group of `objects`, in any order."""
        by_kind: dict[str, list[KnownObject]] = {kind: [] for kind in KINDS}
        for known in sorted(objects, key=lambda known: known.id):
            by_kind[known.kind].append(known)
        by_kind[Kind.INVOICE] = _proven_invoices(by_kind)
        charges_of = _charges_of(by_kind)
        return cls(by_kind, charges_of, _invoices_of(by_kind, charges_of))

    @property
    def sources(self) -> list[str]:
        """The sources of the money: PaymentIntents, and charges without one."""
        return sorted(self.charges_of)

    def find(self, kind: str, object_id: str) -> KnownObject | None:
        """The object with this id, if it is one of `kind`."""
        return next((known for known in self.objects[kind] if known.id == object_id), None)

    def is_intent(self, source: str) -> bool:
        """Whether a source is a PaymentIntent."""
        return self.find(Kind.PAYMENT_INTENT, source) is not None

    def about(self, kind: str, source: str) -> list[KnownObject]:
        """The stated objects of `kind` that name this source or one of its charges."""
        own = {source, *self.charges_of[source]}
        return [
            known
            for known in self.objects[kind]
            if known.facts and own & {known.facts.get("payment_intent"), known.facts.get("charge")}
        ]

    def payments_of(self, invoice_id: str) -> list[Mapping[str, Any]]:
        """The facts of the InvoicePayments that name this invoice."""
        return [paid.facts for paid in self.objects[Kind.INVOICE_PAYMENT] if paid.facts.get("invoice") == invoice_id]


def money_of_other_invoices(members: Sequence[KnownObject], invoice_id: str) -> frozenset[str]:
    """The PaymentIntents and charges among `members` that paid other invoices and not this one.

    Names on them are not this invoice's. Most payments have one invoice, so the group is built only if there are
    several.
    """
    if sum(known.kind == Kind.INVOICE for known in members) < 2:
        return frozenset()
    payment_group = PaymentGroup.of(members)
    others = {source for source in payment_group.sources if invoice_id not in payment_group.invoices_of[source]}
    return frozenset(others.union(*(payment_group.charges_of[source] for source in others)))


def _proven_invoices(objects: Mapping[str, Sequence[KnownObject]]) -> list[KnownObject]:
    """The invoices, without those that only the order reference of a PaymentIntent names.

    The merchant may have written that reference, so it does not make an invoice; it only selects one of the known
    invoices.
    """
    ordered = {intent.facts.get("ordered_invoice") for intent in objects[Kind.PAYMENT_INTENT]}
    named = {known.facts.get("invoice") for kind in MONEY_KINDS for known in objects[kind]}
    return [
        invoice
        for invoice in objects[Kind.INVOICE]
        if invoice.facts or invoice.customer or invoice.id in named or invoice.id not in ordered
    ]


def _charges_of(objects: Mapping[str, Sequence[KnownObject]]) -> dict[str, frozenset[str]]:
    """The charges of each source.

    A charge without a known PaymentIntent belongs to the only PaymentIntent, if there is one.
    """
    intents = {intent.id: {intent.facts.get("latest_charge")} - {None} for intent in objects[Kind.PAYMENT_INTENT]}
    for returned in (known for kind in RETURN_KINDS for known in objects[kind]):
        # often the only link between both; a charge taken as a second source would be counted twice
        charge, intent = returned.facts.get("charge"), returned.facts.get("payment_intent")
        if charge and intent in intents:
            intents[intent].add(charge)
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
    ordered = {intent.id: intent.facts.get("ordered_invoice") for intent in objects[Kind.PAYMENT_INTENT]}
    invoices = {}
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
        invoices[source] = frozenset(named & every) or every & {ordered.get(source)} or every
    return invoices
