"""Money on its way back, as events with the facts they tell: refunds, disputes and fraud warnings of every ending."""

from collections.abc import Iterable
from dataclasses import replace

from tests.stripe_stories import documents, returns
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Purchase
from tests.stripe_stories.returns import Dispute, Movement

from .told import Fact

Telling = tuple[Event, Fact | None]

DISPUTES = {
    # (event, status, balance transactions by then: - taken, + given back)
    "disputed": [("created", "needs_response", "-"), ("funds_withdrawn", "needs_response", "-")],
    "disputed and won": [
        ("created", "needs_response", ""),
        ("funds_withdrawn", "needs_response", "-"),
        ("updated", "under_review", "-"),
        ("funds_reinstated", "won", "-+"),
        ("closed", "won", "-+"),
    ],
    "disputed and lost": [
        ("created", "needs_response", "-"),
        ("updated", "under_review", "-"),
        ("closed", "lost", "-"),
    ],
    "disputed, given back, not decided": [
        ("funds_withdrawn", "needs_response", "-"),
        ("funds_reinstated", "under_review", "-+"),
    ],
    "disputed, given back, taken again": [
        ("funds_withdrawn", "needs_response", "-"),
        ("funds_reinstated", "under_review", "-+"),
        ("updated", "under_review", "-+-"),
    ],
    "inquired and left": [("created", "warning_needs_response", ""), ("closed", "warning_closed", "")],
    "inquired and disputed": [
        ("created", "warning_needs_response", ""),
        ("updated", "warning_under_review", ""),
        ("funds_withdrawn", "needs_response", "-"),
    ],
}
REFUNDS = {
    # (event, status)
    "refunded": [("refund.created", "succeeded"), ("refund.updated", "succeeded")],
    "being refunded": [("refund.created", "pending"), ("charge.refund.updated", "requires_action")],
    "refunded slowly": [("refund.created", "pending"), ("refund.updated", "succeeded")],
    "refunded in vain": [
        ("refund.created", "pending"),
        ("refund.updated", "succeeded"),
        ("charge.refund.updated", "failed"),
        ("refund.failed", "failed"),
    ],
    "refund canceled": [("refund.created", "requires_action"), ("refund.updated", "canceled")],
}
WARNED = "warned of"
ENDINGS = (*REFUNDS, *DISPUTES, WARNED)


def statements(cleo: Customer, sale: Purchase, number: int, ending: str, amount_minor: int) -> list[Telling]:
    """The events of one return with this ending, and what each tells."""
    cleo.now += 3600
    if ending == WARNED:
        return [_warning(cleo, sale, number)]
    if ending in REFUNDS:
        return list(_refund(cleo, sale, number, ending, amount_minor))
    return list(_dispute(cleo, sale, number, ending, amount_minor))


def _refund(cleo: Customer, sale: Purchase, number: int, ending: str, amount_minor: int) -> Iterable[Telling]:
    refund_id, opened_at = cleo.ids.fresh("re"), cleo.now
    for step, (event_type, status) in enumerate(REFUNDS[ending]):
        # The last two of a failed refund are told in one second.
        stated_at = opened_at + 60 * min(step, 2)
        document = documents.refund(sale, refund_id, amount_minor, status, opened_at)
        fact = Fact(number, "refund", refund_id, amount_minor, status, stated_at)
        yield cleo.event(event_type, document, stated_at), fact
    charge = documents.charge(cleo.family, sale, livemode=False, refunded_minor=amount_minor)
    told = Fact(number, "refunded_in_all", amount_minor=amount_minor, at=opened_at)
    yield cleo.event("charge.refunded", charge, opened_at), told


def _dispute(cleo: Customer, sale: Purchase, number: int, ending: str, amount_minor: int) -> Iterable[Telling]:
    dispute = Dispute(cleo.ids.fresh("dp"), sale, amount_minor, cleo.now)
    moved: tuple[Movement, ...] = ()
    for step, (event, status, signs) in enumerate(DISPUTES[ending]):
        stated_at = dispute.opened_at + 86_400 * step
        for sign in signs[len(moved) :]:
            movement = Movement(cleo.ids.fresh("txn"), int(f"{sign}{amount_minor}"), stated_at)
            moved = (*moved, movement)
        document = returns.dispute(replace(dispute, status=status, movements=moved), livemode=False)
        fact = Fact(number, "dispute", dispute.id, amount_minor, status, stated_at, moved)
        yield cleo.event(f"charge.dispute.{event}", document, stated_at), fact


def _warning(cleo: Customer, sale: Purchase, number: int) -> Telling:
    warning_id = cleo.ids.fresh("issfr")
    document = returns.early_fraud_warning(sale, warning_id, cleo.now, livemode=False)
    fact = Fact(number, "warning", warning_id, at=cleo.now)
    return cleo.event("radar.early_fraud_warning.created", document, cleo.now), fact
