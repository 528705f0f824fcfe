"""What the oracle of the ledger is asked with: terms, payments and decisions, in plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .sale_facts import Sale


@dataclass(frozen=True)
class Terms:
    """What a partner earns: a rate, or a fixed amount in US dollars; and at which rates others above it do."""

    rate_bps: int = 2000
    flat_minor: int | None = None
    above_bps: Mapping[str, int] = field(default_factory=dict)
    max_cycles: int | None = None
    max_months: int | None = None
    holdback_days: int | None = 30
    is_approved_at_once: bool = False
    """Without a holdback: approved when it is settled, unless something holds it."""
    includes_outside: bool = False
    """The program pays on what was paid outside Stripe, too."""
    earns_from: int = 0
    """The program's cut-off, in seconds since 1970: what was paid before it earns nothing, and counts for limits."""


@dataclass(frozen=True)
class SalePayment:
    """One payment as the books show it: an invoice's, or that of money that (so far) settles none."""

    sale: Sale
    kind: str
    gross_minor: int
    base_minor: int
    returned_minor: int
    is_linked: bool
    is_credited: bool


@dataclass(frozen=True)
class Decision:
    """A person's or the clock's word on one payment of a sale."""

    sale: int
    kind: str
    by_person: bool
    number: int
    is_approval: bool
