"""Coupons, promotion codes, and the discounts that customers get by them."""

from functools import partial

from tests.stripe_stories import promotions as promotion_documents
from tests.stripe_stories.promotions import Coupon, Discount, PromotionCode

from .returns import Returns
from .sales import Subscription, same_in_all


class Promotions(Returns):
    """The verbs of reduced prices; a marker is a partner's code in metadata."""

    def coupon(self, percent_off: int = 10, *, marker: str | None = None) -> Coupon:
        """`coupon.created`."""
        ids = self.world.ids_for("coupon")
        made = Coupon(ids.fresh("coupon"), self._tick(), percent_off, marker)
        self._hold(
            "coupon", made.id, made.created_at, same_in_all(promotion_documents.coupon(made, livemode=self.livemode))
        )
        self._emit(ids, "coupon.created", made.id)
        return made

    def promotion_code(self, code: str, coupon: Coupon | None = None, *, marker: str | None = None) -> PromotionCode:
        """`promotion_code.created`: what customers type for a coupon."""
        coupon = coupon or self.coupon()
        ids = self.world.ids_for(code)
        made = PromotionCode(ids.fresh("promo"), code, coupon, self._tick(), marker)
        render = partial(promotion_documents.promotion_code, found=made, livemode=self.livemode)
        self._hold("promotion_code", made.id, made.created_at, render, active="true", code=code, coupon=coupon.id)
        self._emit(ids, "promotion_code.created", made.id)
        return made

    def apply(self, subscription: Subscription, promotion_code: PromotionCode) -> Discount:
        """`customer.discount.created`: a subscription gets a code's coupon; its bills state what it charges."""
        buyer = subscription.buyer
        made = Discount(
            buyer.ids.fresh("di"),
            promotion_code.coupon,
            buyer.id,
            self._tick(),
            promotion_code,
            subscription.id,
            subscription.first.session,
        )
        render = partial(promotion_documents.discount, found=made, livemode=self.livemode)
        self._hold("discount", made.id, made.started_at, render, customer=buyer.id)
        self._emit(buyer.ids, "customer.discount.created", made.id)
        return made
