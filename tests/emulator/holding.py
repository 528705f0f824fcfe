"""What Stripe holds of the story's money, rendered when it is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from tests.stripe_stories import documents, invoices
from tests.stripe_stories.customer import MONTH_SECONDS
from tests.stripe_stories.documents import Document
from tests.stripe_stories.facts import Purchase, metadata
from tests.stripe_stories.families import Family
from tests.stripe_stories.lines import Line, rendered

from .account import Account, Buyer
from .store import Render

LINES_PER_INVOICE = 10
"""How many lines an invoice carries itself. Source: Stripe API reference, "The Invoice object", `lines`."""


@dataclass
class Subscription:
    """A subscription of the story; `purchases` are its paid invoices, the oldest first, `lines` what is on each."""

    id: str
    buyer: Buyer
    period_end: int
    status: str = "active"
    purchases: list[Purchase] = field(default_factory=list)
    lines: Sequence[Line] = ()

    @property
    def first(self) -> Purchase:
        return self.purchases[0]

    @property
    def latest(self) -> Purchase:
        return self.purchases[-1]


class Holding(Account):
    """Puts customers, subscriptions, sessions, invoices, PaymentIntents and charges on the shelf as they stand."""

    def _hold_customer(self, buyer: Buyer) -> None:
        known = self.shelf.get(buyer.id)
        created = known.created if known else self.now
        document = documents.customer(buyer.id, created, metadata(buyer.marker), livemode=self.livemode)
        self._hold("customer", buyer.id, created, same_in_all(document), email=document["email"])

    def _hold_subscription(self, subscription: Subscription) -> None:
        sale, status = subscription.first, subscription.status
        latest, period_end = subscription.latest.invoice, subscription.period_end
        ended_at = self.now if status == "canceled" else None

        def render(family: Family) -> Document:
            document = documents.subscription(family, sale, period_end, livemode=self.livemode)
            return document | {
                "status": status,
                "latest_invoice": latest,
                "ended_at": ended_at,
                "canceled_at": ended_at,
            }

        self._hold("subscription", subscription.id, sale.paid_at, render, customer=sale.customer, status=status)

    def _hold_charge(self, charge_id: str) -> None:
        money = self._money[charge_id]
        sale = money.purchase
        refunded_minor = money.refunded_minor + money.released_minor
        render = partial(documents.charge, sale=sale, livemode=self.livemode, refunded_minor=refunded_minor)
        fields = dict(money.fields)
        if money.released_minor:
            fields |= {"amount": sale.bill.charged_minor + money.released_minor}
        if fields or money.is_disputed:
            render = with_fields(render, disputed=money.is_disputed, **fields)
        refs = {"customer": sale.customer, "payment_intent": sale.payment_intent}
        self._hold("charge", charge_id, sale.paid_at, render, **refs)

    def _hold_intent(self, sale: Purchase, **fields: object) -> None:
        render = partial(documents.payment_intent, sale=sale, livemode=self.livemode)
        intent = with_fields(render, **fields) if fields else render
        self._hold("payment_intent", str(sale.payment_intent), sale.paid_at, intent, customer=sale.customer)

    def _hold_session(self, sale: Purchase, mode: str, **fields: object) -> None:
        begun_at = sale.paid_at - 120
        document = documents.checkout_session(sale, begun_at, mode=mode, livemode=self.livemode) | fields
        refs = {name: document[name] for name in ("customer", "payment_intent", "status", "subscription")}
        self._hold("checkout.session", document["id"], begun_at, same_in_all(document), **refs)

    def _hold_invoice(
        self,
        sale: Purchase,
        reason: str,
        *,
        snapshot: bool = True,
        status: str = "paid",
        lines: Sequence[Line] = (),
    ) -> None:
        period = (sale.paid_at, sale.paid_at + MONTH_SECONDS)
        whole: Render = partial(
            invoices.invoice, sale=sale, period=period, reason=reason, livemode=self.livemode, snapshot=snapshot
        )
        if status != "paid":
            whole = partial(_unpaid, paid=whole, status=status)
        if lines:
            whole = partial(_itemized, plain=whole, lines=lines)
        of_lines = f"{sale.invoice}/lines"
        self._hold("invoice_lines", of_lines, sale.paid_at, lambda family: whole(family)["lines"])
        refs = {"customer": sale.customer, "status": status, "subscription": sale.subscription, "lines": of_lines}
        self._hold("invoice", str(sale.invoice), sale.paid_at - 1, partial(_one_page, whole=whole), **refs)


def same_in_all(document: Document) -> Render:
    """A document that no version has changed."""
    return lambda _family: document


def with_fields(render: Render, **fields: object) -> Render:
    """The document with some fields of another value."""
    return lambda family: render(family) | fields


def _unpaid(family: Family, paid: Render, status: str) -> Document:
    """An invoice as it is before its money comes, or once it never will."""
    document = paid(family)
    moments = document["status_transitions"] | {"paid_at": None}
    unpaid = {"amount_paid": 0, "amount_remaining": document["amount_due"], "status": status}
    was_paid = {"charge": None, "paid": False} if family.names_links else {}
    return document | unpaid | was_paid | {"status_transitions": moments}


def _itemized(family: Family, plain: Render, lines: Sequence[Line]) -> Document:
    """An invoice with these lines instead of its one."""
    document = plain(family)
    data = rendered(document["lines"]["data"][0], lines)
    return document | {"lines": document["lines"] | {"data": data, "total_count": len(data)}}


def _one_page(family: Family, whole: Render) -> Document:
    """An invoice as it is sent: of its lines, it carries the first ones itself."""
    document = whole(family)
    lines = document["lines"]
    if len(lines["data"]) <= LINES_PER_INVOICE:
        return document
    return document | {"lines": lines | {"data": lines["data"][:LINES_PER_INVOICE], "has_more": True}}
