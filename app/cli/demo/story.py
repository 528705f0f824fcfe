"""A referred customer's story, as the events Stripe would send: bought, paid, renewed twice, half of a month refunded.

49.00 a month and 20 % VAT on top: 58.80 is collected, 49.00 is what a commission is computed from.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from app.cli.demo import documents
from app.cli.demo.documents import MONTH, Document, Sale

NET_MINOR: Final = 4900
TAX_MINOR: Final = 980
REFUND_MINOR: Final = (NET_MINOR + TAX_MINOR) // 2


class Story:
    """A customer who came through a partner's link, and all her events; every story has ids of its own.

    Args:
        code: the partner's code, which the shop wrote into the subscription's metadata.
        began_at: the time of her first purchase.
    """

    def __init__(self, code: str, began_at: datetime) -> None:
        self._code = code
        self._now = began_at
        self._customer, self._subscription = f"cus_{_number()}", f"sub_{_number()}"

    def events(self) -> Iterator[tuple[str, Document]]:
        """What happens, in words, each with its event, in the order in which Stripe usually sends them."""
        first = self._pay("subscription_create")
        yield "Cleo signs up", self._event("customer.created", documents.customer(first))
        yield "Cleo subscribes", self._event("customer.subscription.created", documents.subscription(first))
        yield "her card is charged", self._event("charge.succeeded", documents.charge(first))
        yield "the payment succeeds", self._event("payment_intent.succeeded", documents.payment_intent(first))
        yield "her first invoice is paid", self._event("invoice.paid", documents.invoice(first))
        yield "the payment is linked to it", self._event("invoice_payment.paid", documents.invoice_payment(first))
        yield "checkout is complete", self._event("checkout.session.completed", documents.session(first))
        for words in ("her first renewal is paid", "her second renewal is paid"):
            self._now += MONTH
            renewal = self._pay("subscription_cycle")
            yield words, self._event("invoice.paid", documents.invoice(renewal))
            yield "its payment is linked to it", self._event("invoice_payment.paid", documents.invoice_payment(renewal))
        self._now += timedelta(days=2)
        refund = documents.refund(renewal, REFUND_MINOR, self._now)
        yield "half of that month is refunded", self._event("refund.created", refund)

    def _pay(self, reason: str) -> Sale:
        """The payment of one month."""
        return Sale(
            number=_number(),
            customer=self._customer,
            subscription=self._subscription,
            email="cleo@example.com",
            code=self._code,
            net_minor=NET_MINOR,
            tax_minor=TAX_MINOR,
            currency="usd",
            paid_at=self._now,
            reason=reason,
        )

    def _event(self, kind: str, document: Document) -> Document:
        self._now += timedelta(seconds=2)
        return documents.event(f"evt_{_number()}", kind, document, self._now)


def _number() -> str:
    return secrets.token_hex(12)
