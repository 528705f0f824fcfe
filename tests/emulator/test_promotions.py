"""Coupons and promotion codes, in both shapes, and the discount that tells who used them."""

from tests.stripe_stories.families import ACACIA

from .emulator import Emulator


def test_a_promotion_code_is_found_by_what_people_type(shop: Emulator) -> None:
    made = shop.promotion_code("ADA10", shop.coupon(10), marker="ada")
    shop.promotion_code("BEN10")
    (found,) = shop.client().v1.promotion_codes.list({"code": "ADA10"}).data
    assert (found.id, found.metadata["affiliate_id"]) == (made.id, "ada")
    assert found.promotion.coupon == made.coupon.id
    (expanded,) = shop.client().v1.promotion_codes.list({"code": "ADA10", "expand": ["data.promotion.coupon"]}).data
    assert expanded.promotion.coupon.percent_off == 10
    old = shop.client(stripe_version=ACACIA.api_version).v1.promotion_codes.retrieve(made.id).to_dict()
    assert old["coupon"]["id"] == made.coupon.id
    assert shop.client().v1.coupons.retrieve(made.coupon.id).percent_off == 10


def test_a_discount_names_code_and_subscription(shop: Emulator) -> None:
    made = shop.promotion_code("ADA10")
    subscription = shop.subscribe(shop.customer())
    shop.apply(subscription, made)
    (event,) = shop.client().v1.events.list({"type": "customer.discount.created"}).data
    discount = event.data.object
    assert (discount["promotion_code"], discount["subscription"]) == (made.id, subscription.id)
