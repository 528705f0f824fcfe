"""Money that comes in: customers, subscriptions and their renewals, one-time sales."""

from collections.abc import Sequence
from dataclasses import replace

from tests.stripe_stories import invoices
from tests.stripe_stories.customer import MONTH_SECONDS
from tests.stripe_stories.facts import UNMARKED, Bill, Marks, Purchase
from tests.stripe_stories.lines import Line

from .account import Buyer, Money
from .holding import Holding, Subscription, same_in_all


class Sales(Holding):
    """The verbs that bring money in. Amounts are minor units; a marker is a partner's code in metadata."""

    def customer(self, name: str = "cleo", *, marker: str | None = None) -> Buyer:
        """`customer.created`; a marker stands in the customer's own metadata."""
        ids = self.world.ids_for(name)
        buyer = Buyer(ids.fresh("cus"), name, ids, marker)
        self._tick()
        self._hold_customer(buyer)
        self._tell(ids, "customer.created", buyer.id)
        return buyer

    def mark(self, buyer: Buyer, marker: str) -> None:
        """`customer.updated`: somebody writes a partner's code into the customer's metadata."""
        self._tick()
        buyer.marker = marker
        self._hold_customer(buyer)
        self._tell(buyer.ids, "customer.updated", buyer.id)

    def subscribe(
        self,
        buyer: Buyer,
        price: int = 4900,
        *,
        marker: str | None = None,
        marks: Marks = UNMARKED,
        bill: Bill | None = None,
        snapshot: bool = True,
        lines: Sequence[Line] = (),
    ) -> Subscription:
        """Checkout in mode subscription, and its first invoice; `marker` stands in the subscription's metadata.

        With `lines`, each of its invoices has these instead of a single one.
        """
        paid_at = self._tick()
        marks = self._marks(buyer, marks, subscription=marker)
        sale = self._purchase(buyer, bill or Bill(price), marks, subscription=buyer.ids.fresh("sub"), invoiced=True)
        sale = replace(sale, session=buyer.ids.fresh(self._session_prefix))
        assert sale.subscription is not None
        subscription = Subscription(sale.subscription, buyer, paid_at + MONTH_SECONDS, lines=lines)
        subscription.purchases.append(sale)
        self._hold_subscription(subscription)
        self._tell(buyer.ids, "customer.subscription.created", subscription.id, paid_at)
        self._take_money(buyer, sale)
        self._invoice(buyer, sale, "subscription_create", snapshot=snapshot, lines=lines)
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
        self._invoice(buyer, sale, "subscription_cycle", snapshot=snapshot, lines=subscription.lines)
        self._tell(buyer.ids, "customer.subscription.updated", subscription.id)
        return sale

    def cancel(self, subscription: Subscription) -> None:
        """`customer.subscription.deleted`: it ends at once, and lists leave it out."""
        self._tick()
        subscription.status = "canceled"
        self._hold_subscription(subscription)
        self._tell(subscription.buyer.ids, "customer.subscription.deleted", subscription.id)

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
        return Purchase(
            bill=bill,
            marks=marks,
            customer=buyer.id,
            paid_at=self.now,
            subscription=subscription,
            invoice=buyer.ids.fresh("in") if invoiced else None,
            payment_intent=buyer.ids.fresh("pi") if charged else None,
            charge=buyer.ids.fresh("ch") if charged else None,
        )

    def _take_money(self, buyer: Buyer, sale: Purchase) -> None:
        """The money is in: PaymentIntent and charge, where anything is charged at all."""
        self.told.purchases.append(sale)
        if sale.payment_intent is None or sale.charge is None:
            return
        self._money[sale.charge] = Money(sale, buyer)
        self._hold_charge(sale.charge)
        self._hold_intent(sale)
        self._tell(buyer.ids, "charge.succeeded", sale.charge, sale.paid_at)
        self._tell(buyer.ids, "payment_intent.succeeded", sale.payment_intent, sale.paid_at + 1)

    def _invoice(
        self, buyer: Buyer, sale: Purchase, reason: str, *, snapshot: bool, lines: Sequence[Line] = ()
    ) -> None:
        assert sale.invoice is not None
        self._hold_invoice(sale, reason, snapshot=snapshot, lines=lines)
        self._tell(buyer.ids, "invoice.paid", sale.invoice, sale.paid_at + 1)
        if not sale.bill.out_of_band:
            self._tell(buyer.ids, "invoice.payment_succeeded", sale.invoice, sale.paid_at + 1)
        if sale.payment_intent is not None:
            payment_id = buyer.ids.fresh("inpay")
            document = invoices.invoice_payment(sale, payment_id, livemode=self.livemode)
            links = {"invoice": sale.invoice, "payment_intent": sale.payment_intent, "status": "paid"}
            self._hold("invoice_payment", payment_id, sale.paid_at - 1, same_in_all(document), **links)
            self._tell(buyer.ids, "invoice_payment.paid", payment_id, sale.paid_at + 1)

    def _complete_session(self, buyer: Buyer, sale: Purchase, mode: str) -> None:
        self._hold_session(sale, mode)
        self._tell(buyer.ids, "checkout.session.completed", str(sale.session), sale.paid_at + 3)
