"""Money that is first held and later taken in part: what is not taken is released, and stands as refunded."""

from collections.abc import Iterable
from dataclasses import replace

from . import documents
from .customer import Customer
from .facts import Bill, Event, Purchase

CAPTURED_AFTER_SECONDS = 1800


def takes_in_part(cleo: Customer, released_minor: int, bill: Bill | None = None) -> Purchase:
    """A sale of which more was authorized than half an hour later was captured: `released_minor` more."""
    sale = cleo.buys(bill, through_session=False)
    held = documents.charge(cleo.family, sale, livemode=cleo.livemode, captured=False)
    taken = documents.charge(cleo.family, sale, livemode=cleo.livemode)
    intent = documents.payment_intent(cleo.family, sale, livemode=cleo.livemode)
    captured_at = captured_at_of(sale)
    stated = (
        cleo.event("charge.succeeded", held, sale.paid_at),
        cleo.event("charge.captured", taken, captured_at),
        cleo.event("payment_intent.succeeded", intent, captured_at),
    )
    cleo.now = captured_at
    return replace(sale, events=tuple(with_release(stated, released_minor)))


def captured_at_of(sale: Purchase) -> int:
    return sale.paid_at + CAPTURED_AFTER_SECONDS


def release_as_refund(cleo: Customer, sale: Purchase, released_minor: int) -> Event:
    """The release as a separate refund, made by the capture."""
    captured_at = captured_at_of(sale)
    refund = documents.refund(sale, cleo.ids.fresh("re"), released_minor, "succeeded", captured_at)
    return cleo.event("refund.created", refund, captured_at)


def with_release(events: Iterable[Event], released_minor: int) -> list[Event]:
    """`events`, in which the charge and the PaymentIntent were authorized for so much more than was taken."""
    return [_with_release(event, released_minor) for event in events]


def _with_release(event: Event, released_minor: int) -> Event:
    document = event["data"]["object"]
    if document["object"] not in {"charge", "payment_intent"}:
        return event
    more = {"amount": document["amount"] + released_minor}
    if document.get("captured"):
        more["amount_refunded"] = document["amount_refunded"] + released_minor
    return {**event, "data": {"object": document | more}}
