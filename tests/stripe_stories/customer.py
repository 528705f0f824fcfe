"""Cleo, the customer: what she does, and the events Stripe sends about it."""

from collections.abc import Sequence
from dataclasses import replace

from . import documents, invoices
from .aged import listed
from .facts import UNMARKED, Bill, Event, Ids, Marks, Purchase, Refund, metadata
from .families import Family

MONTH_SECONDS = 30 * 86_400
START = 1_772_445_600  # 2026-03-02 10:00 UTC


class Customer:
    """One Stripe customer with ids of her own; every act moves her clock on.

    Each act returns what happened with its events in the order they usually come. Nothing is sent: a test chooses
    order, repetition and gaps.
    """

    def __init__(
        self, family: Family, marks: Marks = UNMARKED, *, livemode: bool = False, token: str | None = None
    ) -> None:
        self.family = family
        self.marks = marks
        self.livemode = livemode
        self.now = START
        self.ids = Ids(token)
        self.id = self.ids.fresh("cus")

    @property
    def token(self) -> str:
        """What all ids of this story share."""
        return self.ids.token

    def waits(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds

    def event(self, event_type: str, document: documents.Document, created: int) -> Event:
        """An event of this customer's about `document`."""
        event_id = self.ids.fresh("evt")
        return documents.event(self.family, event_id, event_type, document, created=created, livemode=self.livemode)

    def appears(self) -> Event:
        """`customer.created`, with the customer's mark."""
        self.now += 60
        document = documents.customer(self.id, self.now, metadata(self.marks.customer), livemode=self.livemode)
        return self.event("customer.created", document, self.now)

    def is_marked_again(self, code: str) -> Event:
        """`customer.updated`: somebody writes another code into her metadata."""
        self.now += 60
        document = documents.customer(self.id, self.now, metadata(code), livemode=self.livemode)
        return self.event("customer.updated", document, self.now)

    def subscribes(self, bill: Bill | None = None, *, snapshot: bool = True) -> Purchase:
        """Checkout in mode subscription, and its first invoice."""
        self.now += 180
        sale = Purchase(
            bill=bill or Bill(),
            marks=self.marks,
            customer=self.id,
            paid_at=self.now,
            subscription=self.ids.fresh("sub"),
            session=self.ids.fresh("cs_test"),
        )
        sale = self._with_payment_ids(sale, invoiced=True)
        period_end = sale.paid_at + MONTH_SECONDS
        started = documents.subscription(self.family, sale, period_end, livemode=self.livemode)
        session = documents.checkout_session(sale, sale.paid_at - 120, mode="subscription", livemode=self.livemode)
        events = (
            self.event("customer.subscription.created", started, sale.paid_at),
            *self._payment_events(sale),
            *self._invoice_events(sale, "subscription_create", snapshot=snapshot),
            self.event("checkout.session.completed", session, sale.paid_at + 3),
        )
        self.now += 60
        return replace(sale, events=events)

    def renews(self, first: Purchase, bill: Bill | None = None, *, snapshot: bool = True) -> Purchase:
        """The next month's invoice of the subscription that `first` began."""
        self.now += MONTH_SECONDS
        sale = Purchase(
            bill=bill or first.bill,
            marks=replace(first.marks, payment=None, invoice=None),
            customer=self.id,
            paid_at=self.now,
            subscription=first.subscription,
        )
        sale = self._with_payment_ids(sale, invoiced=True)
        events = (*self._payment_events(sale), *self._invoice_events(sale, "subscription_cycle", snapshot=snapshot))
        return replace(sale, events=events)

    def buys(self, bill: Bill | None = None, *, invoiced: bool = False, through_session: bool = True) -> Purchase:
        """A one-time sale: through a checkout session or by a bare PaymentIntent, with or without an invoice."""
        self.now += 180
        sale = Purchase(
            bill=bill or Bill(),
            marks=replace(self.marks, subscription=None),
            customer=self.id,
            paid_at=self.now,
            session=self.ids.fresh("cs_test") if through_session else None,
        )
        sale = self._with_payment_ids(sale, invoiced=invoiced)
        events = [*self._payment_events(sale)]
        if invoiced:
            events += self._invoice_events(sale, "manual", snapshot=False)
        if through_session:
            session = documents.checkout_session(sale, sale.paid_at - 120, mode="payment", livemode=self.livemode)
            events.append(self.event("checkout.session.completed", session, sale.paid_at + 3))
        self.now += 60
        return replace(sale, events=tuple(events))

    def is_refunded(
        self, sale: Purchase, amount_minor: int, *, before: Sequence[Refund] = (), pending: bool = False
    ) -> Refund:
        """A refund of part of `sale`; `before` are the refunds that came earlier and stand."""
        self.now += 3600
        refund_id = self.ids.fresh("re")
        opened_at = self.now
        refunded_minor = amount_minor + sum(refund.amount_minor for refund in before)

        def stated(event_type: str, status: str, created: int) -> Event:
            document = documents.refund(sale, refund_id, amount_minor, status, opened_at)
            return self.event(event_type, document, created)

        charge = documents.charge(self.family, sale, livemode=self.livemode, refunded_minor=refunded_minor)
        if self.family.lists_charges:
            earlier = [documents.refund(sale, one.id, one.amount_minor, "succeeded", opened_at - 1) for one in before]
            latest = documents.refund(sale, refund_id, amount_minor, "pending" if pending else "succeeded", opened_at)
            charge["refunds"] = listed([latest, *reversed(earlier)])
        events = (
            stated("refund.created", "pending" if pending else "succeeded", opened_at),
            self.event("charge.refunded", charge, opened_at),
            stated("refund.updated", "succeeded", opened_at + 5),
        )
        failed_at = opened_at + 86_400
        failure = (
            stated("charge.refund.updated", "failed", failed_at),
            stated("refund.failed", "failed", failed_at),
        )
        return Refund(refund_id, sale, amount_minor, events, failure)

    def _with_payment_ids(self, sale: Purchase, *, invoiced: bool) -> Purchase:
        # No PaymentIntent is made where nothing is charged: zero invoices, balance credit, out of band.
        charged = sale.bill.charged_minor > 0
        return replace(
            sale,
            invoice=self.ids.fresh("in") if invoiced else None,
            payment_intent=self.ids.fresh("pi") if charged else None,
            charge=self.ids.fresh("ch") if charged else None,
        )

    def _payment_events(self, sale: Purchase) -> tuple[Event, ...]:
        if sale.payment_intent is None:
            return ()
        charge = documents.charge(self.family, sale, livemode=self.livemode)
        intent = documents.payment_intent(self.family, sale, livemode=self.livemode)
        return (
            self.event("charge.succeeded", charge, sale.paid_at),
            self.event("payment_intent.succeeded", intent, sale.paid_at + 1),
        )

    def _invoice_events(self, sale: Purchase, reason: str, *, snapshot: bool) -> list[Event]:
        period = (sale.paid_at, sale.paid_at + MONTH_SECONDS)
        paid = invoices.invoice(
            self.family, sale, period=period, reason=reason, livemode=self.livemode, snapshot=snapshot
        )
        events = [self.event("invoice.paid", paid, sale.paid_at + 1)]
        if not sale.bill.out_of_band:
            events.append(self.event("invoice.payment_succeeded", paid, sale.paid_at + 1))
        if self.family.has_parents:
            payments = invoices.payments(sale, self.ids, livemode=self.livemode)
            events += [self.event("invoice_payment.paid", one, sale.paid_at + 1) for one in payments]
        return events
