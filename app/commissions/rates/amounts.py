"""The amounts of a commission by its type (percentage, flat, recurring, tiered), and of its uplines'. Pure integers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from app import money
from app.commissions.rates.products import ProductShare, by_product, product_shares
from app.partners.finding.directory import SnapshotTerms
from app.payments.state.state import PaymentState

SCHEMA_VERSION: Final = 1
"""The version of a stored calculation; increase it if readers must distinguish a new format."""


@dataclass(frozen=True, slots=True)
class OwnRate:
    """What a commission pays for products without their own rate: a share, or a fixed amount in minor units."""

    bps: int
    fixed_minor: int = 0
    tier: Mapping[str, int] | None = None
    """The tier that was reached, with the number of approved conversions, for the explanation."""


@dataclass(frozen=True, slots=True)
class Calculation:
    """A commission as it should be now, in minor units of the payment's currency.

    `amount_minor` is its amount with nothing returned, `target_minor` its worth now. `fixed_minor` is the part of the
    amount that does not depend on the base. `rate_bps` is None for a flat commission, and if products have several
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
    own = own_rate(snapshot.commission, approved_before)
    shares = product_shares(payment, snapshot.commission, own.bps)
    has_no_base = base_minor == 0 and payment.has_amount  # an event without an amount is worth its fixed amount
    is_for_nothing = has_no_base or (shares and not any(one.is_fixed and one.base_minor > 0 for one in shares))
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
    return _earning(earned, None if snapshot.commission["type"] == "flat" else own.bps)


def of_upline(partners: Calculation, level: int, rate_bps: int) -> Calculation:
    """The commission of an upline: its level's rate of the partner's base, without a fixed amount.

    Lines that earn the partner nothing, because their product is excluded, earn its uplines nothing either.
    """
    shares = tuple(replace(one, rate_bps=rate_bps if one.counts else 0, is_fixed=False) for one in partners.products)
    return _earning(replace(partners, products=shares, fixed_minor=0, tier=None, level=level), rate_bps)


def _earning(earned: Calculation, own_bps: int | None) -> Calculation:
    """`earned` with its rate and amounts; `own_bps` is the rate of products without one of their own, None if flat."""
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


def collected(payment: PaymentState, *, include_out_of_band: bool) -> tuple[int, int, int]:
    """Gross, net base and returned amount, minor units, with or without what was paid outside Stripe."""
    with_outside = payment.base_details.get("with_outside") if include_out_of_band else None
    if with_outside is None:
        return payment.gross_minor, payment.base_minor, payment.returned_minor
    return int(with_outside["gross_minor"]), int(with_outside["base_minor"]), int(with_outside["returned_minor"])


def own_rate(commission: Mapping[str, Any], approved_before: int) -> OwnRate:
    """What a commission pays by its type, after `approved_before` approved conversions.

    Example: 10 %, and 20 % from the tenth conversion on, is 10 % after 9 and 20 % after 10.
    """
    match commission["type"]:
        case "flat":
            return OwnRate(0, fixed_minor=int(commission["amount_cents"]))
        case "tiered":
            reached = [one for one in commission["tiers"] if one["min_conversions"] <= approved_before]
            bps = int(reached[-1]["bps"] if reached else commission["bps"])
            least = int(reached[-1]["min_conversions"]) if reached else 0
            return OwnRate(bps, tier={"approved_before": approved_before, "min_conversions": least, "bps": bps})
        case _:
            return OwnRate(int(commission["bps"]))


def matures_at(accrued_at: datetime, holdback_days: int | None) -> datetime | None:
    """When a commission may be approved by the clock; None without a holdback, then a person approves it."""
    return None if holdback_days is None else accrued_at + timedelta(days=holdback_days)


def zero_outcome(payment: PaymentState) -> str:
    """Why an uncredited payment with a base of zero earns nothing."""
    return "out_of_band" if payment.is_out_of_band else "zero_base"
