"""The amounts of a commission and of its uplines' commissions. Pure integers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from app import money
from app.immutable import immutable
from app.partners.queries.directory import SnapshotTerms
from app.payments.state.state import PaymentState
from app.programs.shapes import Shape

SCHEMA_VERSION: Final = 1
"""The version of a stored calculation; increase it if readers must distinguish a new format."""


@immutable
class ProductShare:
    """The base of one product's lines on an invoice, and their rate."""

    product: str
    """"" for lines without a product."""
    base_minor: int
    rate_bps: int
    is_fixed: bool = False
    """Whether they count for the commission's fixed amount instead of at a rate."""

    @property
    def counts(self) -> bool:
        """Whether they earn anything: not if the product is excluded."""
        return self.is_fixed or self.rate_bps > 0

    def details(self) -> dict[str, Any]:
        """The share for the explanation."""
        fixed = {"is_fixed": True} if self.is_fixed else {}
        return {"product": self.product, "base_minor": self.base_minor, "rate_bps": self.rate_bps, **fixed}


@immutable
class Calculation:
    """A commission as it should be now, in minor units of the payment's currency.

    `amount_minor` is its amount with nothing returned, `target_minor` its worth now. `fixed_minor` is the part of the
    amount that does not depend on the base. `rate_bps` is None for a fixed amount, and if products have several
    rates; `products` has them.
    """

    commission_base: str
    base_minor: int
    rate_bps: int | None
    products: Sequence[ProductShare]
    amount_minor: int
    gross_minor: int
    returned_minor: int
    target_minor: int
    fixed_minor: int = 0
    tier: Mapping[str, int] | None = None
    level: int = 0

    def details(self) -> dict[str, Any]:
        """The calculation in its stored form: codes and numbers, from which `app.sentences.calculations` makes text."""
        products = {"products": [share.details() for share in self.products]} if self.products else {}
        fixed = {"fixed_minor": self.fixed_minor} if self.fixed_minor else {}
        tier = {"tier": dict(self.tier)} if self.tier else {}
        level = {"level": self.level} if self.level else {}
        return {
            "schema_version": SCHEMA_VERSION,
            "commission_base": self.commission_base,
            "base_minor": self.base_minor,
            "rate_bps": self.rate_bps,
            **products,
            **fixed,
            **tier,
            **level,
            "amount_minor": self.amount_minor,
            "gross_minor": self.gross_minor,
            "returned_minor": self.returned_minor,
            "target_minor": self.target_minor,
        }


def calculate(
    payment: PaymentState, snapshot: SnapshotTerms, *, approved_before: int = 0, include_out_of_band: bool = False
) -> Calculation:
    """The partner's commission (level 0) on `payment` under `snapshot`.

    Example: 20 % of a base of 4900 is 980; after 1000 of 4900 gross was returned it is 780. A flat 5000 is 5000 until
    all of the gross was returned.

    Args:
        approved_before: how many conversions of the partner had been approved, which chooses the tier.
        include_out_of_band: whether money paid outside Stripe counts.
    """
    gross_minor, net_minor, returned_minor = collected(payment, include_out_of_band=include_out_of_band)
    base_minor = gross_minor if snapshot.commission_base == "gross" else net_minor
    own = snapshot.commission.own_rate(approved_before)
    shares = product_shares(payment, snapshot.commission, own.bps)
    has_no_base = base_minor == 0 and payment.has_amount  # a reported event without an amount earns the fixed amount
    is_for_nothing = has_no_base or (shares and not any(share.is_fixed and share.base_minor > 0 for share in shares))
    earned = Calculation(
        commission_base=snapshot.commission_base,
        base_minor=base_minor,
        rate_bps=None,
        products=shares,
        amount_minor=0,
        gross_minor=gross_minor,
        returned_minor=returned_minor,
        target_minor=0,
        fixed_minor=0 if is_for_nothing else own.fixed_minor,
        tier=own.tier,
    )
    return _earning(earned, own.bps)


def of_upline(partners: Calculation, level: int, rate_bps: int) -> Calculation:
    """The commission of an upline: its level's rate of the partner's base, without a fixed amount.

    Lines that earn the partner nothing, because their product is excluded, earn its uplines nothing either.
    """
    shares = tuple(
        replace(share, rate_bps=rate_bps if share.counts else 0, is_fixed=False) for share in partners.products
    )
    return _earning(replace(partners, products=shares, fixed_minor=0, tier=None, level=level), rate_bps)


def _earning(earned: Calculation, own_bps: int | None) -> Calculation:
    """`earned` with its rate and amounts; `own_bps` as in `product_shares`."""
    rates = {share.rate_bps for share in earned.products}
    several = len(rates) > 1 or own_bps is None
    rate_bps = None if several else next(iter(rates), own_bps)
    share_minor = 0
    if rate_bps is not None:
        share_minor = money.percentage(earned.base_minor, rate_bps)
    elif earned.products:
        share_minor = by_product(earned.base_minor, earned.products)
    left_minor = money.after_return(share_minor, earned.returned_minor, earned.gross_minor)
    keeps_fixed = earned.returned_minor < earned.gross_minor or earned.gross_minor == 0
    return replace(
        earned,
        rate_bps=rate_bps,
        amount_minor=share_minor + earned.fixed_minor,
        target_minor=left_minor + (earned.fixed_minor if keeps_fixed else 0),
    )


def product_shares(payment: PaymentState, commission: Shape, own_bps: int | None) -> tuple[ProductShare, ...]:
    """The products on the payment's invoice with their rates; empty if all of it counts at the commission's own rate.

    It is empty without product rates, for money without an invoice, and if the lines add up to zero or less.

    Args:
        own_bps: the rate of products that `product_rates` does not name; None: a fixed amount counts for them instead.
    """
    rates = {rate.product: rate.bps or 0 for rate in commission.product_rates or ()}
    lines: Mapping[str, int] = payment.base_details.get("lines") or {}
    if not rates or sum(lines.values()) <= 0:
        return ()
    return tuple(
        ProductShare(
            product,
            int(lines[product]),
            rates.get(product, own_bps or 0),
            is_fixed=own_bps is None and product not in rates,
        )
        for product in sorted(lines)
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


def needs_lines(payment: PaymentState, commission: Shape) -> bool:
    """Whether lines of the payment's invoice are missing that decide what it earns: their products, or the cycle."""
    if not payment.base_details.get("lacks_lines"):
        return False
    knows_cycle = payment.billing is not None or not payment.subscription
    return commission.product_rates is not None or (commission.most_cycles is not None and not knows_cycle)


def collected(payment: PaymentState, *, include_out_of_band: bool) -> tuple[int, int, int]:
    """Gross, net base and returned amount, minor units, with or without what was paid outside Stripe."""
    with_outside = payment.base_details.get("with_outside") if include_out_of_band else None
    if with_outside is None:
        return payment.gross_minor, payment.base_minor, payment.returned_minor
    return int(with_outside["gross_minor"]), int(with_outside["base_minor"]), int(with_outside["returned_minor"])
