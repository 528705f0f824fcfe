"""The places where a partner's name was searched for a payment without a partner, and what was found there."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.attribution.carriers import CARRIERS, CLIENT_REFERENCE, PROMOTION_CODE, SIGN_UP
from app.attribution.models import Evidence
from app.attribution.signups import references
from app.payments.facts import Kind
from app.payments.models import Payment, StripeObject
from app.sentences.say import say, say_stored
from app.stripe_events.scope import Scope
from app.views import Snake

_CARRIERS_OF: Final = {
    Kind.CHARGE: ("charge_metadata",),
    Kind.PAYMENT_INTENT: ("charge_metadata",),
    Kind.INVOICE: ("invoice_metadata",),
    Kind.SESSION: ("session_metadata", CLIENT_REFERENCE),
    Kind.SUBSCRIPTION: ("subscription_metadata",),
    Kind.CUSTOMER: ("customer_metadata",),
}


class PlaceSearched(Snake):
    """A place where a partner's name can be, and what is there."""

    carrier: str
    carrier_text: str = Field(description="The carrier, for people.")
    object_id: str | None = Field(description="Null: no such object of the payment is known.")
    found: str = Field(
        description="`nothing`; `not_seen`: no event has shown the object; `no_object`: none is known; `not_asked`: a "
        "payment without an invoice is not credited through it; `no_code`: `value`, which is no partner's code; "
        "`session`: a session without a recorded visit that counts; `no_signup`: `value`, your id of a user without a "
        "sign-up that counts; `promotion`: one that belongs to no partner."
    )
    value: str | None = None


def places_of(session: Session, scope: Scope, payment: Payment, own: Sequence[StripeObject]) -> list[PlaceSearched]:
    """Every place that was searched for a partner of `payment`, strongest first; `own` are its Stripe objects."""
    owners = _owners(session, scope, payment)
    rows = _evidence(session, scope, [stored.id for stored in (*own, *owners)])
    known = [*own, *(owners if payment.invoice else ())]
    places = [place for stored in known for place in _in_object(stored, rows)]
    if not any(stored.kind == Kind.SESSION for stored in own):
        places.append(_place("session_metadata", None, "no_object"))
    if payment.customer and not payment.invoice:
        places.append(_place("customer_metadata", payment.customer, "not_asked"))
    elif payment.customer and not any(owner.kind == Kind.CUSTOMER for owner in owners):
        places.append(_place("customer_metadata", payment.customer, "not_seen"))
    places += [*_users(rows), *_promotions(rows)]
    order = list(CARRIERS)
    return sorted(places, key=lambda place: (order.index(place.carrier), place.object_id or ""))


def sentences_of(places: Sequence[PlaceSearched], nearest_code: str | None) -> Iterator[str]:
    """The places where a partner's name was searched, what was there, and the code most similar to an unknown one."""
    if nearest_code:
        yield say("search.nearest_code", code=nearest_code)
    if places:
        yield say("search.places", count=len(places))
    for place in places:
        content = say(f"search.{place.found}", value=place.value or "")
        yield say("search.place", where=_where(place), found=content)


def field_text(path: str) -> str:
    """A stored field path as text.

    For a promotion the path has, after a semicolon, why it belongs to the partner: `named_on=promotion_code:promo_1`,
    or `given=coupon:ten-off`. For a customer sign-up it has the sign-up: `signup=sgn_01h…`.
    """
    place, _, owner = path.partition(";")
    code, _, promotion = owner.partition("=")
    return say_stored("field", code, field=place, promotion=promotion) if promotion else place


def _owners(session: Session, scope: Scope, payment: Payment) -> list[StripeObject]:
    """The payment's customer and subscription, if they are known."""
    query = select(StripeObject).where(
        StripeObject.id.in_(sorted({payment.customer, payment.subscription} - {""})),
        StripeObject.organization_id == scope.organization_id,
        StripeObject.account == scope.account,
        StripeObject.livemode == scope.livemode,
    )
    return list(session.scalars(query))


def _evidence(session: Session, scope: Scope, object_ids: Iterable[str]) -> list[Evidence]:
    query = select(Evidence).where(
        Evidence.object_id.in_(sorted(object_ids)),
        Evidence.organization_id == scope.organization_id,
        Evidence.account == scope.account,
        Evidence.livemode == scope.livemode,
    )
    return list(session.scalars(query.order_by(Evidence.evident_at, Evidence.id)))


def _in_object(known: StripeObject, rows: Sequence[Evidence]) -> Iterator[PlaceSearched]:
    """What is in each carrier of an object."""
    for carrier in _CARRIERS_OF.get(known.kind, ()):
        here = [row for row in rows if row.object_id == known.id and row.carrier == carrier and not row.refers_to]
        for row in here:
            if row.name:
                yield _place(carrier, known.id, "no_code", row.name)
            if row.session_id:
                yield _place(carrier, known.id, "session", row.session_id)
        if not here:
            yield _place(carrier, known.id, "nothing" if _is_seen(known) else "not_seen")


def _is_seen(known: StripeObject) -> bool:
    """Whether an event described the object. A customer may also have facts from other documents."""
    return bool(known.facts.get("seen")) if known.kind == Kind.CUSTOMER else known.stated_at is not None


def _users(rows: Sequence[Evidence]) -> Iterator[PlaceSearched]:
    """The users of the merchant's own system that were named, or one place that says there were none."""
    named = sorted({(row.object_id, row.refers_to) for row in rows if row.refers_to.startswith(references.USER)})
    for object_id, reference in named:
        yield _place(SIGN_UP, object_id, "no_signup", reference.removeprefix(references.USER))
    if not named:
        yield _place(SIGN_UP, None, "nothing")


def _promotions(rows: Sequence[Evidence]) -> Iterator[PlaceSearched]:
    """The promotion codes and coupons used, or one place that says there were none."""
    of_promotions = {row.refers_to for row in rows if row.refers_to and row.carrier == PROMOTION_CODE}
    used = sorted(promotion for promotion in of_promotions if not promotion.startswith("discount:"))
    for promotion in used:
        yield _place(PROMOTION_CODE, promotion, "promotion")
    if not used:
        yield _place(PROMOTION_CODE, None, "nothing")


def _place(carrier: str, object_id: str | None, found: str, value: str | None = None) -> PlaceSearched:
    text = say(f"carrier.{carrier}")
    return PlaceSearched(carrier=carrier, carrier_text=text, object_id=object_id, found=found, value=value)


def _where(place: PlaceSearched) -> str:
    if place.carrier == PROMOTION_CODE:
        return place.object_id or say("search.promotions")
    if place.object_id is None:
        return place.carrier_text
    return say("search.in_object", carrier=place.carrier_text, object=place.object_id)
