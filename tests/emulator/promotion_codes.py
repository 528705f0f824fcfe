"""Promotion codes made through the API. Source: Stripe API reference, "Create a promotion code"."""

import re

from tests.stripe_stories import promotions as documents
from tests.stripe_stories.documents import Document
from tests.stripe_stories.families import Family
from tests.stripe_stories.promotions import Coupon, PromotionCode

from . import answers, requests
from .answers import Answer, Refused
from .requests import Request
from .world import Scope, World


def create(world: World, scope: Scope, request: Request, family: Family) -> Answer:
    """`POST /v1/promotion_codes` for a coupon, as `promotion[coupon]` of newer versions; `promotion_code.created`."""
    if request.one("coupon"):
        raise Refused(400, "Received unknown parameter: coupon", code="parameter_unknown", param="coupon")
    if requests.demand(request, "promotion[type]") != "coupon":
        raise Refused(400, "Invalid promotion[type]: must be coupon", param="promotion[type]")
    coupon_id = requests.demand(request, "promotion[coupon]")
    held = world.shelves[scope].get(coupon_id)
    if held is None or held.kind != "coupon":
        raise answers.no_such("coupon", coupon_id, "promotion[coupon]")
    ids = world.ids_for("promo")
    code = request.one("code") or f"MADE{ids.token}"
    if not re.fullmatch(r"[A-Za-z0-9-]{1,500}", code):
        raise Refused(400, "Codes must contain only letters, numbers and dashes.", param="code")
    with world.lock:
        if any(code.lower() == taken.lower() for taken in world.shelves[scope].values("promotion_code", "code", ["*"])):
            raise Refused(400, "An active promotion code with `code: " + code + "` already exists.", param="code")
        made = PromotionCode(ids.fresh("promo"), code, Coupon(coupon_id, held.created), world.now)
        limits = {name: _number(request, name) for name in ("max_redemptions", "expires_at")}
        metadata = requests.nested(request.params, "metadata")

        def render(asked_for: Family) -> Document:
            document = documents.promotion_code(asked_for, made, livemode=scope[1])
            return {**document, **limits, "metadata": dict(metadata)}

        refs = {"active": "true", "code": code, "coupon": coupon_id}
        world.hold(scope, "promotion_code", made.id, made.created_at, render, **refs)
    world.record_event(scope, ids.fresh("evt"), "promotion_code.created", made.id, world.now)
    return answers.document(render(family))


def _number(request: Request, name: str) -> int | None:
    given = request.one(name)
    return int(given) if given else None
