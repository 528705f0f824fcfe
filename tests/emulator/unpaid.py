"""Money that does not come, not yet, or not all of it: what lists are full of besides what was paid."""

from dataclasses import dataclass, replace

from tests.stripe_stories.facts import UNMARKED, Bill, Marks, Purchase

from .account import Buyer, Money
from .holding import Subscription
from .returns import Returns

_DECLINED = {"captured": False, "amount_captured": 0, "balance_transaction": None, "paid": False, "status": "failed"}
_WITHOUT_METHOD = {"amount_received": 0, "status": "requires_payment_method"}


@dataclass
class Awaited:
    """A sale whose money is on its way, or owed."""

    buyer: Buyer
    sale: Purchase


class Unpaid(Returns):
    """The verbs of money that waits or fails."""

    def decline(self, buyer: Buyer, price: int = 4900) -> str:
        """`charge.failed`, `payment_intent.payment_failed`: the card is declined; gives the charge's id."""
        self._tick()
        sale = self._purchase(buyer, Bill(price), UNMARKED, invoiced=False)
        assert sale.charge is not None
        self._money[sale.charge] = Money(sale, buyer, fields=_DECLINED)
        self._hold_charge(sale.charge)
        self._hold_intent(sale, **_WITHOUT_METHOD)
        self._tell(buyer.ids, "charge.failed", sale.charge)
        self._tell(buyer.ids, "payment_intent.payment_failed", str(sale.payment_intent))
        return sale.charge

    def abandon(self, buyer: Buyer, price: int = 4900, *, marks: Marks = UNMARKED) -> str:
        """`checkout.session.expired`: nobody finished it; gives the session's id."""
        self._tick()
        sale = self._ordered(buyer, price, marks)
        self._hold_session(sale, "payment", payment_status="unpaid", status="expired", payment_intent=None)
        self._tell(buyer.ids, "checkout.session.expired", str(sale.session))
        return str(sale.session)

    def order(self, buyer: Buyer, price: int = 4900, *, marker: str | None = None, marks: Marks = UNMARKED) -> Awaited:
        """`checkout.session.completed`, unpaid: a delayed method; then it arrives or bounces."""
        self._tick()
        sale = self._ordered(buyer, price, self._marks(buyer, marks, payment=marker))
        self._hold_intent(sale, amount_received=0, latest_charge=None, status="processing")
        self._hold_session(sale, "payment", payment_status="unpaid")
        self._tell(buyer.ids, "checkout.session.completed", str(sale.session))
        return Awaited(buyer, sale)

    def arrive(self, awaited: Awaited) -> Purchase:
        """`checkout.session.async_payment_succeeded`: the money of an order is there."""
        sale = replace(awaited.sale, paid_at=self._tick())
        self._take_money(awaited.buyer, sale)
        self._hold_session(sale, "payment")
        self._tell(awaited.buyer.ids, "checkout.session.async_payment_succeeded", str(sale.session))
        return sale

    def bounce(self, awaited: Awaited) -> None:
        """`checkout.session.async_payment_failed`: the money of an order never comes."""
        self._tick()
        self._hold_intent(awaited.sale, **_WITHOUT_METHOD)
        self._tell(awaited.buyer.ids, "payment_intent.payment_failed", str(awaited.sale.payment_intent))
        self._tell(awaited.buyer.ids, "checkout.session.async_payment_failed", str(awaited.sale.session))

    def owe(self, subscription: Subscription, bill: Bill | None = None) -> Awaited:
        """`invoice.finalized`, `invoice.payment_failed`: the next invoice stays open."""
        self._tick()
        first = subscription.first
        sale = self._purchase(
            subscription.buyer, bill or first.bill, first.marks, subscription=subscription.id, invoiced=True
        )
        self._hold_intent(sale, latest_charge=None, **_WITHOUT_METHOD)
        self._hold_invoice(sale, "subscription_cycle", status="open")
        for event_type in ("invoice.finalized", "invoice.payment_failed"):
            self._tell(subscription.buyer.ids, event_type, str(sale.invoice))
        return Awaited(subscription.buyer, sale)

    def settle(self, awaited: Awaited) -> Purchase:
        """`invoice.paid`: an open invoice is paid after all."""
        sale = replace(awaited.sale, paid_at=self._tick())
        self._take_money(awaited.buyer, sale)
        self._invoice(awaited.buyer, sale, "subscription_cycle", snapshot=True)
        return sale

    def write_off(self, awaited: Awaited, *, as_void: bool = False) -> None:
        """`invoice.marked_uncollectible`, or `invoice.voided`: an open invoice that will not be paid."""
        self._tick()
        status = "void" if as_void else "uncollectible"
        self._hold_invoice(awaited.sale, "subscription_cycle", status=status)
        event_type = "invoice.voided" if as_void else "invoice.marked_uncollectible"
        self._tell(awaited.buyer.ids, event_type, str(awaited.sale.invoice))

    def authorize(self, buyer: Buyer, price: int = 4900, *, marker: str | None = None) -> Awaited:
        """`charge.succeeded`, not captured: the money is only held."""
        self._tick()
        sale = self._purchase(buyer, Bill(price), self._marks(buyer, UNMARKED, payment=marker), invoiced=False)
        assert sale.charge is not None
        held = {"captured": False, "amount_captured": 0, "balance_transaction": None}
        self._money[sale.charge] = Money(sale, buyer, fields=held)
        self._hold_charge(sale.charge)
        self._hold_intent(sale, amount_received=0, capture_method="manual", status="requires_capture")
        self._tell(buyer.ids, "charge.succeeded", sale.charge)
        self._tell(buyer.ids, "payment_intent.amount_capturable_updated", str(sale.payment_intent))
        return Awaited(buyer, sale)

    def capture(self, awaited: Awaited, amount_minor: int | None = None) -> Purchase:
        """`charge.captured`, `payment_intent.succeeded`: what is not taken counts as refunded with Stripe."""
        self._tick()
        whole = awaited.sale.bill.charged_minor
        taken = whole if amount_minor is None else amount_minor
        sale = replace(awaited.sale, bill=replace(awaited.sale.bill, net_minor=taken))
        assert sale.charge is not None
        self._money[sale.charge] = Money(sale, awaited.buyer, released_minor=whole - taken)
        self.told.purchases.append(sale)
        self._hold_charge(sale.charge)
        self._hold_intent(sale, amount=whole, capture_method="manual")
        self._tell(awaited.buyer.ids, "charge.captured", sale.charge)
        self._tell(awaited.buyer.ids, "payment_intent.succeeded", str(sale.payment_intent))
        return sale

    def _ordered(self, buyer: Buyer, price: int, marks: Marks) -> Purchase:
        sale = self._purchase(buyer, Bill(price), marks, invoiced=False)
        return replace(sale, session=buyer.ids.fresh(self._session_prefix))
