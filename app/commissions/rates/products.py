"""Rates by product, over the lines of an invoice. Pure integers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app import money
from app.commissions.cycles import caps
from app.payments.state.state import PaymentState


@dataclass(frozen=True, slots=True)
class ProductShare:
    """The base of one product's lines on an invoice, and their rate."""

    product: str
    """"" for lines without a product."""
    base_minor: int
    rate_bps: int
    is_fixed: bool = False
    """Whether they count for a flat commission's fixed amount instead of at a rate."""

    @property
    def counts(self) -> bool:
        """Whether they earn anything: not if the product is excluded."""
        return self.is_fixed or self.rate_bps > 0

    def details(self) -> dict[str, Any]:
        """The share for the explanation."""
        fixed = {"is_fixed": True} if self.is_fixed else {}
        return {"product": self.product, "base_minor": self.base_minor, "rate_bps": self.rate_bps, **fixed}


def product_shares(payment: PaymentState, commission: Mapping[str, Any], own_bps: int) -> tuple[ProductShare, ...]:
    """The products on the payment's invoice with their rates; empty if all of it counts at the commission's own rate.

    It is empty without product rates, for money without an invoice, and if the lines add up to zero or less.

    Args:
        own_bps: the rate of products that `product_rates` does not name; 0 for a flat commission, whose fixed amount
            counts for them instead.
    """
    rates = {
        one["product"]: 0 if one.get("excluded") else int(one["bps"]) for one in commission.get("product_rates", ())
    }
    lines: Mapping[str, int] = payment.base_details.get("lines") or {}
    if not rates or sum(lines.values()) <= 0:
        return ()
    is_flat = commission["type"] == "flat"
    return tuple(
        ProductShare(one, int(lines[one]), rates.get(one, own_bps), is_fixed=is_flat and one not in rates)
        for one in sorted(lines)
    )


def by_product(base_minor: int, shares: Sequence[ProductShare]) -> int:
    """The commission on `base_minor` at the rates of `shares`, rounded once, and between 0 and the highest rate of it.

    Example: 8000 at 20 % of 5000 and 50 % of 3000 is (1000 + 1500) x 8000 / 8000 = 2500; of half of it collected, 1250.
    The bounds are needed because credits on one line and charges on another may give a sum beyond every rate.
    """
    lines_minor = sum(share.base_minor for share in shares)
    weighted = sum(share.base_minor * share.rate_bps for share in shares)
    amount_minor = money.half_up(weighted * base_minor, money.BPS_PER_WHOLE * lines_minor)
    highest_minor = money.percentage(base_minor, max(share.rate_bps for share in shares))
    return max(0, min(amount_minor, highest_minor))


def needs_lines(payment: PaymentState, commission: Mapping[str, Any]) -> bool:
    """Whether lines of the payment's invoice are missing that decide what it earns: their products, or the cycle."""
    if not payment.base_details.get("lacks_lines"):
        return False
    knows_cycle = payment.billing is not None or not payment.subscription
    return "product_rates" in commission or (caps.most_cycles(commission) is not None and not knows_cycle)
