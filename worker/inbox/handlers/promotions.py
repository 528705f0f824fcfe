"""Promotion codes, coupons and discounts: their partners, and the objects on which they were used.

A use names no partner itself. It is stored as a reference, and the owner of the promotion is looked up whenever credit
is given, because a code may be given to its partner long after its use.
"""

from collections.abc import Iterator
from typing import Any

from app.attribution.carriers import PROMOTION_CODE
from app.attribution.names import fold
from app.payments.facts import Kind, NameFact, ObjectFacts, Reading
from worker.inbox.handlers.fields import Document, at, identity, names_in, own_id


def code_changed(promotion_code: Document) -> Reading:
    """`promotion_code.created`, `promotion_code.updated`: its partner, what customers type, and its coupon."""
    own = f"promotion_code:{own_id(promotion_code)}"
    typed = fold(promotion_code.get("code"))
    names = [*names_in(promotion_code.get("metadata"), own, PROMOTION_CODE, "data.object.metadata")]
    if typed:
        names.append(_reference(own, f"code:{typed}", "data.object.code"))
    # Source: Stripe changelog, 2025-09-30.clover: `coupon` became `promotion.coupon`.
    for coupon, path in (
        (at(promotion_code, "promotion", "coupon"), "data.object.promotion.coupon"),
        (promotion_code.get("coupon"), "data.object.coupon"),
    ):
        names += _coupon(own, coupon, path)
    return Reading(names=_kept(names))


def coupon_changed(coupon: Document) -> Reading:
    """`coupon.created`, `coupon.updated`: its partner."""
    own = f"coupon:{own_id(coupon)}"
    return Reading(names=names_in(coupon.get("metadata"), own, PROMOTION_CODE, "data.object.metadata"))


def discount_changed(discount: Document) -> Reading:
    """`customer.discount.created`, `customer.discount.updated`: the promotion of a discount, and its use.

    These are the only events with coupon, code, customer and subscription together. A discount of one subscription,
    session or invoice does not concern the customer's other payments; a discount of an item concerns the invoices that
    show it. Before 2020 discounts had no ids.
    """
    discount_id, customer = identity(discount), identity(discount.get("customer"))
    subscription, session = identity(discount.get("subscription")), identity(discount.get("checkout_session"))
    invoice = identity(discount.get("invoice"))
    used = [object_id for object_id in (subscription, session, invoice) if object_id]
    if not used and not any(identity(discount.get(item)) for item in ("invoice_item", "subscription_item")):
        used = [customer]
    if discount_id:
        own = f"discount:{discount_id}"
        names = [
            *_sources(own, discount, "data.object"),
            *(_reference(object_id, own, "data.object.id") for object_id in used),
        ]
    else:
        names = [name for object_id in used for name in _sources(object_id, discount, "data.object")]
    return Reading(
        objects=(
            ObjectFacts(Kind.DISCOUNT, discount_id),
            ObjectFacts(Kind.SUBSCRIPTION, subscription, customer=customer),
            ObjectFacts(Kind.SESSION, session, customer=customer),
            ObjectFacts(Kind.INVOICE, invoice, customer=customer, subscription=subscription),
            ObjectFacts(Kind.CUSTOMER, customer),
        ),
        names=_kept(names),
    )


def used_on(document: Document, *object_ids: str) -> tuple[tuple[ObjectFacts, ...], tuple[NameFact, ...]]:
    """The discounts a session, invoice, subscription or customer names.

    Args:
        document: of any version: discounts are ids, objects, or the coupon and code of a session.
        object_ids: the objects they were used on.

    Returns:
        The discounts by their ids, which must be locked, and the promotions used on each of `object_ids`.
    """
    if not any(document.get(name) for name in ("discount", "discounts", "total_discount_amounts")):
        return (), ()
    discounts: dict[str, ObjectFacts] = {}
    names: list[NameFact] = []
    for mentioned, path in _mentioned(document):
        discount_id = identity(mentioned)
        if discount_id:
            discounts.setdefault(discount_id, ObjectFacts(Kind.DISCOUNT, discount_id))
        for used in filter(None, object_ids):
            if discount_id:
                names.append(_reference(used, f"discount:{discount_id}", path))
            if isinstance(mentioned, dict):
                names += _sources(used, mentioned, path)
    return tuple(discounts.values()), _kept(names)


def _mentioned(document: Document) -> Iterator[tuple[Any, str]]:
    """The discounts in `document`, ids or objects, each with its path."""
    yield document.get("discount"), "data.object.discount"
    discounts, amounts = document.get("discounts"), document.get("total_discount_amounts")
    for place, discount in enumerate(discounts if isinstance(discounts, list) else ()):
        yield discount, f"data.object.discounts[{place}]"
    for place, discount in enumerate(amounts if isinstance(amounts, list) else ()):
        yield at(discount, "discount"), f"data.object.total_discount_amounts[{place}].discount"


def _sources(used: str, discount: Document, path: str) -> Iterator[NameFact]:
    """The promotion code and the coupon behind a discount."""
    promotion_code = identity(discount.get("promotion_code"))
    if promotion_code:
        yield _reference(used, f"promotion_code:{promotion_code}", f"{path}.promotion_code")
    # Source: Stripe changelog, 2025-09-30.clover: `coupon` became `source.coupon`.
    yield from _coupon(used, at(discount, "source", "coupon"), f"{path}.source.coupon")
    yield from _coupon(used, discount.get("coupon"), f"{path}.coupon")


def _coupon(used: str, coupon: object, path: str) -> Iterator[NameFact]:
    """The use of a coupon, with the coupon's own partner if the whole coupon is in the document."""
    coupon_id = identity(coupon)
    if not coupon_id:
        return
    yield _reference(used, f"coupon:{coupon_id}", path)
    if isinstance(coupon, dict):
        yield from names_in(coupon.get("metadata"), f"coupon:{coupon_id}", PROMOTION_CODE, f"{path}.metadata")


def _reference(object_id: str, refers_to: str, field_path: str) -> NameFact:
    return NameFact(object_id, PROMOTION_CODE, "", "", field_path, refers_to)


def _kept(names: list[NameFact]) -> tuple[NameFact, ...]:
    """The names without duplicates (the first path counts), and without those on empty object ids."""
    first: dict[tuple[str, str, str], NameFact] = {}
    for name in names:
        if name.object_id:
            first.setdefault((name.object_id, name.name, name.refers_to), name)
    return tuple(first.values())
