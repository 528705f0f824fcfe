"""Money that comes in: customers, subscriptions and their renewals, one-time sales."""

from dataclasses import dataclass, field, replace
from functools import partial

from tests.stripe_stories import documents, invoices
from tests.stripe_stories.aged import listed
from tests.stripe_stories.documents import Document
from tests.stripe_stories.facts import MONTH_SECONDS, UNMARKED, Bill, Marks, Purchase, metadata
from tests.stripe_stories.families import Family

from .account import Account, Buyer, Money
from .store import Render


@dataclass
class Subscription:
    """A subscription of the story; `purchases` are its paid invoices, the oldest first."""

    id: str
    buyer: Buyer
    period_end: int
    status: str = "active"
    purchases: list[Purchase] = field(default_factory=list)

    @property
    def first(self) -> Purchase:
        return self.purchases[0]

    @property
    def latest(self) -> Purchase:
        return self.purchases[-1]


class Sales(Account):
    """The verbs that bring money in. Amounts are minor units; a marker is a partner's code in metadata."""

    def customer(self, name: str = "cleo", *, marker: str | None = None) -> Buyer:
        """`customer.created`; a marker stands in the customer's own metadata."""
        ids = self.world.ids_for(name)
        buyer = Buyer(ids.fresh("cus"), name, ids, marker)
        self.introduce(buyer)
        return buyer

    def introduce(self, buyer: Buyer) -> None:
        """`customer.created` of a customer whose ids are known already."""
        self._tick()
        self._hold_customer(buyer)
        self._emit(buyer.ids, "customer.created", buyer.id)

    def mark(self, buyer: Buyer, marker: str) -> None:
        """`customer.updated`: the merchant writes a partner's code into the customer's metadata."""
        self._tick()
        buyer.marker = marker
        self._hold_customer(buyer)
        self._emit(buyer.ids, "customer.updated", buyer.id)

    def subscribe(
        self,
        buyer: Buyer,
        price: int = 4900,
        *,
        marker: str | None = None,
        marks: Marks = UNMARKED,
        bill: Bill | None = None,
        snapshot: bool = True,
    ) -> Subscription:
        """Checkout in mode subscription, and its first invoice; `marker` stands in the subscription's metadata."""
        paid_at = self._tick()
        marks = self._marks(buyer, marks, subscription=marker)
        sale = self._purchase(buyer, bill or Bill(price), marks, subscription=buyer.ids.fresh("sub"), invoiced=True)
        sale = replace(sale, session=buyer.ids.fresh(self._session_prefix))
        assert sale.subscription is not None
        subscription = Subscription(sale.subscription, buyer, paid_at + MONTH_SECONDS)
        subscription.purchases.append(sale)
        self._hold_subscription(subscription)
        self._emit(buyer.ids, "customer.subscription.created", subscription.id, paid_at)
        self._take_money(buyer, sale)
        self._invoice(buyer, sale, "subscription_create", snapshot=snapshot)
        self._complete_session(buyer, sale, "subscription")
        return subscription

    def renew(
        self, subscription: Subscription, *, bill: Bill | None = None, snapshot: bool = True, on_time: bool = True
    ) -> Purchase:
        """The next month's invoice. The clock moves on to when it is due, unless `on_time` is False."""
        self._tick()
        if on_time:
            self.world.now = max(self.now, subscription.period_end)
        buyer, first = subscription.buyer, subscription.first
        marks = replace(first.marks, payment=None, invoice=None)
        sale = self._purchase(buyer, bill or first.bill, marks, subscription=subscription.id, invoiced=True)
        subscription.purchases.append(sale)
        subscription.period_end += MONTH_SECONDS
        self._hold_subscription(subscription)
        self._take_money(buyer, sale)
        self._invoice(buyer, sale, "subscription_cycle", snapshot=snapshot)
        self._emit(buyer.ids, "customer.subscription.updated", subscription.id)
        return sale

    def cancel(self, subscription: Subscription) -> None:
        """`customer.subscription.deleted`: it ends at once, and lists leave it out."""
        self._tick()
        subscription.status = "canceled"
        self._hold_subscription(subscription)
        self._emit(subscription.buyer.ids, "customer.subscription.deleted", subscription.id)

    def buy(
        self,
        buyer: Buyer,
        price: int = 4900,
        *,
        marker: str | None = None,
        marks: Marks = UNMARKED,
        bill: Bill | None = None,
        invoiced: bool = False,
        through_session: bool = True,
    ) -> Purchase:
        """A one-time sale through a session, or by a bare PaymentIntent; `marker` stands in the payment's metadata."""
        self._tick()
        marks = self._marks(buyer, marks, payment=marker)
        sale = self._purchase(buyer, bill or Bill(price), marks, invoiced=invoiced)
        if through_session:
            sale = replace(sale, session=buyer.ids.fresh(self._session_prefix))
        self._take_money(buyer, sale)
        if invoiced:
            self._invoice(buyer, sale, "manual", snapshot=False)
        if through_session:
            self._complete_session(buyer, sale, "payment")
        return sale

    @property
    def _session_prefix(self) -> str:
        return "cs_live" if self.livemode else "cs_test"

    @staticmethod
    def _marks(buyer: Buyer, marks: Marks, **named: str | None) -> Marks:
        named = {carrier: code for carrier, code in named.items() if code is not None}
        return replace(marks, customer=marks.customer or buyer.marker, **named)

    def _purchase(
        self, buyer: Buyer, bill: Bill, marks: Marks, *, subscription: str | None = None, invoiced: bool
    ) -> Purchase:
        charged = bill.charged_minor > 0
        sale = Purchase(
            bill=bill,
            marks=marks,
            customer=buyer.id,
            paid_at=self.now,
            subscription=subscription,
            invoice=buyer.ids.fresh("in") if invoiced else None,
            payment_intent=buyer.ids.fresh("pi") if charged else None,
            charge=buyer.ids.fresh("ch") if charged else None,
        )
        self.happened.purchases.append(sale)
        return sale

    def _take_money(self, buyer: Buyer, sale: Purchase) -> None:
        """PaymentIntent and charge, where anything is charged at all."""
        if sale.payment_intent is None or sale.charge is None:
            return
        self._money[sale.charge] = Money(sale, buyer)
        self._hold_charge(sale.charge)
        intent = partial(documents.payment_intent, sale=sale, livemode=self.livemode)
        self._hold("payment_intent", sale.payment_intent, sale.paid_at, intent, customer=sale.customer)
        self._emit(buyer.ids, "charge.succeeded", sale.charge, sale.paid_at)
        self._emit(buyer.ids, "payment_intent.succeeded", sale.payment_intent, sale.paid_at + 1)

    def _invoice(self, buyer: Buyer, sale: Purchase, reason: str, *, snapshot: bool) -> None:
        assert sale.invoice is not None
        render = partial(
            invoices.invoice,
            sale=sale,
            period=(sale.paid_at, sale.paid_at + MONTH_SECONDS),
            reason=reason,
            livemode=self.livemode,
            snapshot=snapshot,
        )
        refs = {"customer": sale.customer, "status": "paid", "subscription": sale.subscription}
        self._hold("invoice", sale.invoice, sale.paid_at - 1, render, **refs)
        self._emit(buyer.ids, "invoice.paid", sale.invoice, sale.paid_at + 1)
        if not sale.bill.out_of_band:
            self._emit(buyer.ids, "invoice.payment_succeeded", sale.invoice, sale.paid_at + 1)
        for document in invoices.payments(sale, buyer.ids, livemode=self.livemode):
            intent = document["payment"].get("payment_intent")
            links = {"invoice": sale.invoice, "payment_intent": intent, "status": "paid"}
            self._hold("invoice_payment", document["id"], sale.paid_at - 1, same_in_all(document), **links)
            self._emit(buyer.ids, "invoice_payment.paid", document["id"], sale.paid_at + 1)

    def _complete_session(self, buyer: Buyer, sale: Purchase, mode: str) -> None:
        assert sale.session is not None
        begun_at = sale.paid_at - 120
        document = documents.checkout_session(sale, begun_at, mode=mode, livemode=self.livemode)
        refs = {
            "customer": sale.customer,
            "payment_intent": document["payment_intent"],
            "status": "complete",
            "subscription": sale.subscription,
        }
        self._hold("checkout.session", sale.session, begun_at, same_in_all(document), **refs)
        self._emit(buyer.ids, "checkout.session.completed", sale.session, sale.paid_at + 3)

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
        changes: Document = {"disputed": True} if money.is_disputed else {}
        refunds = listed(list(reversed(money.refunds.values())))
        charge = partial(documents.charge, sale=sale, livemode=self.livemode, refunded_minor=money.refunded_minor)

        def render(family: Family) -> Document:
            return charge(family) | changes | ({"refunds": refunds} if family.lists_charges else {})

        refs = {"customer": sale.customer, "payment_intent": sale.payment_intent}
        self._hold("charge", charge_id, sale.paid_at, render, **refs)


def same_in_all(document: Document) -> Render:
    """A document that no version has changed."""
    return lambda _family: document
