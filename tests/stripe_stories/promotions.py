"""Coupons, the promotion codes people type for them, and the discounts that come of it."""

from dataclasses import dataclass

from .documents import Document
from .facts import metadata
from .families import Family


@dataclass(frozen=True)
class Coupon:
    """So much per cent off, for ever; `marker` is the partner named in its metadata."""

    id: str
    created_at: int
    percent_off: int = 10
    marker: str | None = None


@dataclass(frozen=True)
class PromotionCode:
    """What a customer types to get the coupon; `marker` is the partner named in its metadata."""

    id: str
    code: str
    coupon: Coupon
    created_at: int
    marker: str | None = None
    is_active: bool = True


@dataclass(frozen=True)
class Discount:
    """A coupon applied to a customer's subscription, and the code it was got by, if any."""

    id: str
    coupon: Coupon
    customer: str
    started_at: int
    promotion_code: PromotionCode | None = None
    subscription: str | None = None
    session: str | None = None


def coupon(found: Coupon, *, livemode: bool) -> Document:
    return {
        "id": found.id,
        "object": "coupon",
        "amount_off": None,
        "created": found.created_at,
        "currency": None,
        "duration": "forever",
        "duration_in_months": None,
        "livemode": livemode,
        "max_redemptions": None,
        "metadata": metadata(found.marker),
        "name": f"{found.percent_off} % off",
        "percent_off": float(found.percent_off),
        "redeem_by": None,
        "times_redeemed": 0,
        "valid": True,
    }


def promotion_code(family: Family, found: PromotionCode, *, livemode: bool) -> Document:
    """The old shape carries the coupon itself, the new one its id."""
    terms: Document
    if family.names_links:
        terms = {"coupon": coupon(found.coupon, livemode=livemode)}
    else:
        terms = {"promotion": {"coupon": found.coupon.id, "type": "coupon"}}
    return terms | {
        "id": found.id,
        "object": "promotion_code",
        "active": found.is_active,
        "code": found.code,
        "created": found.created_at,
        "customer": None,
        "expires_at": None,
        "livemode": livemode,
        "max_redemptions": None,
        "metadata": metadata(found.marker),
        "restrictions": {
            "first_time_transaction": False,
            "minimum_amount": None,
            "minimum_amount_currency": None,
        },
        "times_redeemed": 0,
    }


def discount(family: Family, found: Discount, *, livemode: bool) -> Document:
    """The only document that names coupon, promotion code, customer and subscription together."""
    terms: Document
    if family.names_links:
        terms = {"coupon": coupon(found.coupon, livemode=livemode)}
    else:
        terms = {"source": {"coupon": found.coupon.id, "type": "coupon"}}
    return terms | {
        "id": found.id,
        "object": "discount",
        "checkout_session": found.session,
        "customer": found.customer,
        "end": None,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": found.promotion_code.id if found.promotion_code else None,
        "start": found.started_at,
        "subscription": found.subscription,
        "subscription_item": None,
    }
