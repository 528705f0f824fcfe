"""Money on its way back, as events with the facts they state: refunds, disputes and fraud warnings of every ending."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tests.stripe_stories import documents, returns
from tests.stripe_stories.captures import with_release
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Purchase
from tests.stripe_stories.returns import Dispute, Movement

from .oracle_returns import NOTHING_BACK
from .sale_facts import Fact

StatedEvent = tuple[Event, Fact | None]

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
    "prevented by giving it back": [
        ("created", "prevented", "-"),
        ("funds_withdrawn", "prevented", "-"),
        ("closed", "prevented", "-"),
    ],
    "prevented in time": [("created", "needs_response", ""), ("closed", "prevented", "")],
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


@dataclass
class Till:
    """What has truly happened to one payment's refunds, for the charge's own sum of them.

    `source`: which of the sale's payments it is; `released_minor`: what was authorized and not captured.
    """

    sale: int
    purchase: Purchase
    source: int = 0
    released_minor: int = 0
    refunds: list[tuple[int, int | None, int]] = field(default_factory=list)
    """When made, when it came to nothing if it did, amount."""

    def summed(self, at: int) -> int:
        """The sum of what was refunded by then, without what was released."""
        return sum(minor for made, ended, minor in self.refunds if made <= at and (ended is None or ended > at))


def statements(cleo: Customer, till: Till, ending: str, amount_minor: int) -> list[StatedEvent]:
    """The events of one return with this ending, and the fact that each states."""
    cleo.now += 3600
    if ending == WARNED:
        return [_warning(cleo, till)]
    if ending in REFUNDS:
        return list(_refund(cleo, till, ending, amount_minor))
    return list(_dispute(cleo, till, ending, amount_minor))


def _refund(cleo: Customer, till: Till, ending: str, amount_minor: int) -> Iterable[StatedEvent]:
    refund_id, opened_at, ended_at = cleo.ids.fresh("re"), cleo.now, None
    for step, (event_type, status) in enumerate(REFUNDS[ending]):
        # The last two of a failed refund are stated in one second.
        stated_at = opened_at + 60 * min(step, 2)
        if status in NOTHING_BACK and ended_at is None:
            ended_at = stated_at
        document = documents.refund(till.purchase, refund_id, amount_minor, status, opened_at)
        fact = Fact(till.sale, "refund", refund_id, amount_minor, status, stated_at, opened_at, source=till.source)
        yield cleo.event(event_type, document, stated_at), fact
    till.refunds.append((opened_at, ended_at, amount_minor))
    yield _sum(cleo, till, "charge.refunded", opened_at)
    yield _sum(cleo, till, "charge.updated", opened_at + 300)


def _sum(cleo: Customer, till: Till, event_type: str, at: int) -> StatedEvent:
    """The charge with its own sum of what was refunded by then."""
    document = documents.charge(cleo.family, till.purchase, livemode=False, refunded_minor=till.summed(at))
    (event,) = with_release([cleo.event(event_type, document, at)], till.released_minor)
    what = "refunded_in_all" if event_type == "charge.refunded" else "sum"
    summed = event["data"]["object"]["amount_refunded"]
    return event, Fact(till.sale, what, amount_minor=summed, at=at, source=till.source)


def _dispute(cleo: Customer, till: Till, ending: str, amount_minor: int) -> Iterable[StatedEvent]:
    dispute = Dispute(cleo.ids.fresh("dp"), till.purchase, amount_minor, cleo.now)
    moved: tuple[Movement, ...] = ()
    for step, (event, status, signs) in enumerate(DISPUTES[ending]):
        stated_at = dispute.opened_at + 86_400 * step
        for sign in signs[len(moved) :]:
            movement = Movement(cleo.ids.fresh("txn"), int(f"{sign}{amount_minor}"), stated_at)
            moved = (*moved, movement)
        document = returns.dispute(replace(dispute, status=status, movements=moved), livemode=False)
        fact = Fact(
            till.sale, "dispute", dispute.id, amount_minor, status, stated_at, movements=moved, source=till.source
        )
        yield cleo.event(f"charge.dispute.{event}", document, stated_at), fact


def _warning(cleo: Customer, till: Till) -> StatedEvent:
    warning_id = cleo.ids.fresh("issfr")
    document = returns.early_fraud_warning(till.purchase, warning_id, cleo.now, livemode=False)
    fact = Fact(till.sale, "warning", warning_id, at=cleo.now, source=till.source)
    return cleo.event("radar.early_fraud_warning.created", document, cleo.now), fact
