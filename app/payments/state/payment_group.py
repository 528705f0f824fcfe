"""Everything known of one movement of money: its Stripe objects by kind, and which of them belong together. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.payments.facts import EMAIL, KINDS, MONEY_KINDS, RETURN_KINDS, Kind, moment


def marks_in(facts: Mapping[str, Any]) -> frozenset[str]:
    """The marks of addresses among an object's facts."""
    return frozenset(name.removeprefix(EMAIL) for name in facts if name.startswith(EMAIL))


@dataclass(frozen=True, slots=True)
class KnownObject:
    """A Stripe object with all the facts known of it.

    Attributes:
        stated_at: when the newest statement about it was made; None while it was only named.
        older_at: when those of its facts were stated that are older than that, Unix seconds.
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
        """When the newest statement about it was made, Unix seconds; 0 while it was only named."""
        return int(self.stated_at.timestamp()) if self.stated_at else 0

    def told_at(self, name: str) -> int:
        """When the fact of this name was last stated, Unix seconds."""
        return self.older_at.get(name, self.stated_seconds)

    @property
    def email_marks(self) -> frozenset[str]:
        """Marks of the addresses that were seen on it."""
        return marks_in(self.facts)

    @property
    def happened_at(self) -> datetime:
        """When a stated object came to be: Stripe's `created` where it is kept, else when it was last stated."""
        created = moment(self.facts.get("created"))
        if created is not None:
            return created
        assert self.stated_at is not None, "only what was stated has happened"
        return self.stated_at


@dataclass(frozen=True, slots=True)
class PaymentGroup:
    """One movement of money, its objects by kind, and its links."""

    objects: Mapping[str, Sequence[KnownObject]]
    charges_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """For each source, a PaymentIntent or a charge that has none, its charges."""
    invoices_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """For each source the invoices it paid, by what says so; else the one it was ordered by, else all of them."""

    @classmethod
    def of(cls, objects: Iterable[KnownObject]) -> "PaymentGroup":
        """The payment_group of `objects`, whichever order they come in."""
        by_kind: dict[str, list[KnownObject]] = {kind: [] for kind in KINDS}
        for known in sorted(objects, key=lambda known: known.id):
            by_kind[known.kind].append(known)
        by_kind[Kind.INVOICE] = _proven_invoices(by_kind)
        charges_of = _charges_of(by_kind)
        return cls(by_kind, charges_of, _invoices_of(by_kind, charges_of))

    @property
    def sources(self) -> list[str]:
        """What brought the money: PaymentIntents, and charges that have none."""
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


def money_of_others(members: Sequence[KnownObject], invoice_id: str) -> frozenset[str]:
    """The PaymentIntents and charges among `members` that paid other invoices and not this one.

    What is written on them is not this invoice's. Nearly every payment has one invoice, so the group is made only where
    there are several.
    """
    if sum(known.kind == Kind.INVOICE for known in members) < 2:
        return frozenset()
    payment_group = PaymentGroup.of(members)
    others = {source for source in payment_group.sources if invoice_id not in payment_group.invoices_of[source]}
    return frozenset(others.union(*(payment_group.charges_of[source] for source in others)))


def _proven_invoices(objects: Mapping[str, Sequence[KnownObject]]) -> list[KnownObject]:
    """The invoices, those left out that nothing but the order reference of a PaymentIntent speaks of.

    The merchant may have written that reference, so it makes no invoice; it only says which of the known ones was paid.
    """
    ordered = {intent.facts.get("ordered_invoice") for intent in objects[Kind.PAYMENT_INTENT]}
    named = {known.facts.get("invoice") for kind in MONEY_KINDS for known in objects[kind]}
    return [
        invoice
        for invoice in objects[Kind.INVOICE]
        if invoice.facts or invoice.customer or invoice.id in named or invoice.id not in ordered
    ]


def _charges_of(objects: Mapping[str, Sequence[KnownObject]]) -> dict[str, frozenset[str]]:
    """The charges of each source. A charge whose PaymentIntent nothing names goes to the only one there is."""
    intents = {intent.id: {intent.facts.get("latest_charge")} - {None} for intent in objects[Kind.PAYMENT_INTENT]}
    for returned in (known for kind in RETURN_KINDS for known in objects[kind]):
        # often all that names both, and one taken for two sources would be counted twice
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
        found[source] = frozenset(named & every) or every & {ordered.get(source)} or every
    return found
