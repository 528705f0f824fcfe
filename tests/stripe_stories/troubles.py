"""What a customer's bank does: disputes through their life, and warnings. Each step is one event."""

from dataclasses import replace

from . import returns
from .customer import Customer
from .facts import Event, Purchase
from .returns import Dispute, Movement

DAY_SECONDS = 86_400


class DisputeStory:
    """One dispute of a sale; every step moves the customer's clock on and returns its event."""

    def __init__(self, cleo: Customer, sale: Purchase, amount_minor: int | None = None) -> None:
        self._cleo = cleo
        self._dispute = Dispute(
            cleo.ids.fresh("du"), sale, amount_minor or sale.bill.charged_minor, cleo.now, status="needs_response"
        )

    def opens(self, *, as_inquiry: bool = False) -> Event:
        return self._told("created", "warning_needs_response" if as_inquiry else "needs_response")

    def is_reviewed(self) -> Event:
        return self._told("updated", "under_review")

    def takes_the_money(self, in_account_minor: int | None = None) -> Event:
        """`in_account_minor` is what it is in the account's currency, where that is another."""
        self._moves(-(in_account_minor or self._dispute.amount_minor))
        return self._told("funds_withdrawn", self._dispute.status)

    def gives_it_back(self, in_account_minor: int | None = None) -> Event:
        self._moves(in_account_minor or self._dispute.amount_minor)
        return self._told("funds_reinstated", self._dispute.status)

    def closes(self, status: str) -> Event:
        return self._told("closed", status)

    def _moves(self, amount_minor: int) -> None:
        moved = Movement(self._cleo.ids.fresh("txn"), amount_minor, self._cleo.now)
        self._dispute = replace(self._dispute, movements=(*self._dispute.movements, moved))

    def _told(self, happened: str, status: str) -> Event:
        self._cleo.waits(DAY_SECONDS)
        self._dispute = replace(self._dispute, status=status)
        document = returns.dispute(self._dispute, livemode=self._cleo.livemode)
        return self._cleo.event(f"charge.dispute.{happened}", document, self._cleo.now)


def warning(cleo: Customer, sale: Purchase) -> Event:
    """`radar.early_fraud_warning.created`."""
    cleo.waits(3600)
    document = returns.early_fraud_warning(sale, cleo.ids.fresh("issfr"), cleo.now, livemode=cleo.livemode)
    return cleo.event("radar.early_fraud_warning.created", document, cleo.now)
