"""How much a payment is worth to its partner. Pure integers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app import money
from app.partners.directory import SnapshotTerms
from app.payments.state import PaymentState


@dataclass(frozen=True, slots=True)
class ProductShare:
    """What one product's lines came to on an invoice, and at which rate they count."""

    product: str
    """"" for lines without a product."""
    base_minor: int
    rate_bps: int

    def details(self) -> dict[str, Any]:
        """The share for the explanation."""
        return {"product": self.product, "base_minor": self.base_minor, "rate_bps": self.rate_bps}


@dataclass(frozen=True, slots=True)
class Calculation:
    """A commission as it should be now, minor units of the payment's currency.

    `amount_minor` is what it is with nothing returned, `target_minor` what it is now. `rate_bps` is None where products
    have several rates, which `products` then shows.
    """

    commission_base: str
    base_minor: int
    rate_bps: int | None
    products: Sequence[ProductShare]
    amount_minor: int
    gross_minor: int
    returned_minor: int
    target_minor: int

    def details(self) -> dict[str, Any]:
        """The calculation with its formula in words, for the explanation."""
        products = {"products": [share.details() for share in self.products]} if self.products else {}
        return {
            "commission_base": self.commission_base,
            "base_minor": self.base_minor,
            "rate_bps": self.rate_bps,
            **products,
            "amount_minor": self.amount_minor,
            "gross_minor": self.gross_minor,
            "returned_minor": self.returned_minor,
            "target_minor": self.target_minor,
            "formula": self._formula(),
        }

    def _formula(self) -> str:
        earned = f"{self._rated()} = {self.amount_minor}, rounded half up"
        if self.returned_minor == 0:
            return earned
        if self.target_minor == 0:
            return f"{earned}; all {self.gross_minor} came back, so nothing is left"
        return (
            f"{earned}; {self.returned_minor} of {self.gross_minor} came back, so "
            f"{self.amount_minor} - {self.amount_minor} x {self.returned_minor} / {self.gross_minor} "
            f"= {self.target_minor}"
        )

    def _rated(self) -> str:
        if self.rate_bps is not None:
            return f"{money.format_rate(self.rate_bps)} of {self.base_minor}"
        shares = " + ".join(f"{money.format_rate(one.rate_bps)} of {one.base_minor}" for one in self.products)
        lines_minor = sum(one.base_minor for one in self.products)
        return f"({shares}) x {self.base_minor} / {lines_minor}"


def calculate(payment: PaymentState, snapshot: SnapshotTerms, *, include_out_of_band: bool = False) -> Calculation:
    """The level 0 commission of `payment` under `snapshot`, on what was paid outside Stripe too if told so.

    Example: 20 % of a base of 4900 is 980; after 1000 of 4900 gross came back it is 780.
    """
    gross_minor, net_minor, returned_minor = _collected(payment, include_out_of_band=include_out_of_band)
    base_minor = gross_minor if snapshot.commission_base == "gross" else net_minor
    shares = product_shares(payment, snapshot.commission)
    rates = {share.rate_bps for share in shares} or {percentage_bps(snapshot.commission)}
    rate_bps = min(rates) if len(rates) == 1 else None
    amount_minor = by_product(base_minor, shares) if rate_bps is None else money.percentage(base_minor, rate_bps)
    return Calculation(
        commission_base=snapshot.commission_base,
        base_minor=base_minor,
        rate_bps=rate_bps,
        products=shares,
        amount_minor=amount_minor,
        gross_minor=gross_minor,
        returned_minor=returned_minor,
        target_minor=money.after_return(amount_minor, returned_minor, gross_minor),
    )


def _collected(payment: PaymentState, *, include_out_of_band: bool) -> tuple[int, int, int]:
    """Gross, net base and what came back, minor units."""
    told = payment.base_details.get("with_outside") if include_out_of_band else None
    if told is None:
        return payment.gross_minor, payment.base_minor, payment.returned_minor
    return int(told["gross_minor"]), int(told["base_minor"]), int(told["returned_minor"])


def product_shares(payment: PaymentState, commission: Mapping[str, Any]) -> tuple[ProductShare, ...]:
    """The products on the payment's invoice with their rates; none where all of it counts at the commission's own.

    That is so without product rates, for money that settles no invoice, and where the lines come to nothing.
    """
    rates = {
        one["product"]: 0 if one.get("excluded") else int(one["bps"]) for one in commission.get("product_rates", ())
    }
    lines: Mapping[str, int] = payment.base_details.get("lines") or {}
    if not rates or sum(lines.values()) <= 0:
        return ()
    own_bps = percentage_bps(commission)
    return tuple(ProductShare(one, int(lines[one]), rates.get(one, own_bps)) for one in sorted(lines))


def by_product(base_minor: int, shares: Sequence[ProductShare]) -> int:
    """The commission on `base_minor` at the rates of `shares`, rounded once, and between 0 and the highest rate of it.

    Example: 8000 at 20 % of 5000 and 50 % of 3000 is (1000 + 1500) x 8000 / 8000 = 2500; of half of it collected, 1250.
    Credits on one line and charges on another may push the sum beyond what any of the rates would give; hence the
    bounds.
    """
    lines_minor = sum(share.base_minor for share in shares)
    weighted = sum(share.base_minor * share.rate_bps for share in shares)
    amount_minor = money.half_up(weighted * base_minor, money.BPS_PER_WHOLE * lines_minor)
    highest_minor = money.percentage(base_minor, max(share.rate_bps for share in shares))
    return max(0, min(amount_minor, highest_minor))


def needs_lines(payment: PaymentState, commission: Mapping[str, Any]) -> bool:
    """Whether what `payment` earns hangs on lines of its invoice that are not known: their products, or the cycle."""
    if not payment.base_details.get("lacks_lines"):
        return False
    knows_cycle = payment.cycle_ends_at is not None or not payment.subscription
    return "product_rates" in commission or ("max_cycles" in commission and not knows_cycle)


def percentage_bps(commission: Mapping[str, Any]) -> int:
    """The rate of a percentage commission, for all cycles or some. Other shapes are refused when terms are made."""
    if commission["type"] not in {"percentage", "recurring"}:
        raise ValueError(f"commissions of type {commission['type']} cannot be settled")
    return int(commission["bps"])


def matures_at(accrued_at: datetime, holdback_days: int | None) -> datetime | None:
    """When a commission may be approved by itself; None without a holdback, which means: by a person only."""
    return None if holdback_days is None else accrued_at + timedelta(days=holdback_days)


def zero_outcome(payment: PaymentState, *, include_out_of_band: bool = False) -> str:
    """Why a payment with a base of zero earns nothing."""
    return "out_of_band" if payment.is_out_of_band and not include_out_of_band else "zero_base"
