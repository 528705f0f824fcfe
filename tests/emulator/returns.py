"""Money that goes back: refunds, disputes, warnings, credit notes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from tests.properties.oracle import Returned
from tests.stripe_stories import documents, facts
from tests.stripe_stories import returns as return_documents
from tests.stripe_stories.facts import Purchase
from tests.stripe_stories.returns import CreditNote, Dispute, Movement

from .account import Buyer, Money
from .sales import Sales, same_in_all


@dataclass
class Refund:
    """A refund of the story in its present state."""

    id: str
    purchase: Purchase
    amount_minor: int
    opened_at: int
    status: str


class Returns(Sales):
    """The verbs that take money back. Amounts are minor units."""

    def refund(self, sale: Purchase, amount_minor: int | None = None, *, pending: bool = False) -> Refund:
        """A refund of part of a sale, or of all that is left of it; a pending one is settled later."""
        self._tick()
        assert sale.charge is not None
        money = self._money[sale.charge]
        amount_minor = amount_minor or sale.bill.charged_minor - money.refunded_minor
        money.refunded_minor += amount_minor
        refund_id = money.buyer.ids.fresh("re")
        refund = Refund(refund_id, sale, amount_minor, self.now, "pending" if pending else "succeeded")
        self._state_refund(refund, "refund.created")
        self._hold_charge(sale.charge)
        self._emit(money.buyer.ids, "charge.refunded", sale.charge)
        if not pending:
            self._emit(money.buyer.ids, "refund.updated", refund_id, self.now + 5)
        return refund

    def recall(self, buyer: Buyer, sale: Purchase, refunds: Sequence[facts.Refund]) -> None:
        """Take a sale and its refunds so far as they are given, whatever happened to it here."""
        documented = {
            found.id: documents.refund(sale, found.id, found.amount_minor, "succeeded", self.now) for found in refunds
        }
        refunded_minor = sum(found.amount_minor for found in refunds)
        self._money[str(sale.charge)] = Money(sale, buyer, refunded_minor, documented)

    def settle_refund(self, refund: Refund) -> None:
        """`refund.updated`: a pending one arrives."""
        self._tick()
        refund.status = "succeeded"
        self._state_refund(refund, "refund.updated", "charge.refund.updated")

    def fail_refund(self, refund: Refund) -> None:
        """`refund.failed`: the customer's bank sends it back, and it never happened."""
        self._tick()
        refund.status = "failed"
        money = self._money[str(refund.purchase.charge)]
        money.refunded_minor -= refund.amount_minor
        self._hold_charge(str(refund.purchase.charge))
        self._state_refund(refund, "charge.refund.updated", "refund.failed")

    def dispute(self, sale: Purchase, amount_minor: int | None = None) -> Dispute:
        """`charge.dispute.created` and `…funds_withdrawn`: the bank takes the money."""
        self._tick()
        found = self._open_dispute(sale, amount_minor, "needs_response")
        found = replace(found, movements=(self._movement(found, -found.amount_minor),))
        return self._state_dispute(found, "charge.dispute.created", "charge.dispute.funds_withdrawn")

    def inquire(self, sale: Purchase, amount_minor: int | None = None) -> Dispute:
        """`charge.dispute.created` that only asks: no money moves."""
        self._tick()
        return self._state_dispute(
            self._open_dispute(sale, amount_minor, "warning_needs_response"), "charge.dispute.created"
        )

    def win(self, found: Dispute) -> Dispute:
        """The dispute is won: closed, and the money comes back."""
        self._tick()
        if not found.movements:
            return self._state_dispute(replace(found, status="warning_closed"), "charge.dispute.closed")
        back = self._movement(found, found.amount_minor)
        found = replace(found, status="won", movements=(*found.movements, back))
        return self._state_dispute(found, "charge.dispute.closed", "charge.dispute.funds_reinstated")

    def lose(self, found: Dispute) -> Dispute:
        """The dispute is lost; the money was gone already."""
        self._tick()
        return self._state_dispute(replace(found, status="lost"), "charge.dispute.closed")

    def warn(self, sale: Purchase) -> str:
        """`radar.early_fraud_warning.created`: no money moves; gives the warning's id."""
        self._tick()
        money = self._money[str(sale.charge)]
        warning_id = money.buyer.ids.fresh("issfr")
        document = return_documents.early_fraud_warning(sale, warning_id, self.now, livemode=self.livemode)
        refs = {"charge": sale.charge, "payment_intent": sale.payment_intent}
        self._hold("radar.early_fraud_warning", warning_id, self.now, same_in_all(document), **refs)
        self._emit(money.buyer.ids, "radar.early_fraud_warning.created", warning_id)
        return warning_id

    def credit(
        self,
        sale: Purchase,
        *,
        refunded_minor: int = 0,
        balance_minor: int = 0,
        out_of_band_minor: int = 0,
    ) -> CreditNote:
        """`credit_note.created` on a paid invoice, with the refund it makes, if any."""
        refund = self.refund(sale, refunded_minor) if refunded_minor else None
        moment = self._tick()
        buyer = self._money[str(sale.charge)].buyer
        note = CreditNote(
            id=buyer.ids.fresh("cn"),
            purchase=sale,
            issued_at=moment,
            refund=refund.id if refund else None,
            refunded_minor=refunded_minor,
            balance_minor=balance_minor,
            out_of_band_minor=out_of_band_minor,
        )
        if out_of_band_minor:
            self.happened.returns[note.id] = Returned(sale, out_of_band_minor)
        self._state_note(note, "credit_note.created")
        return note

    def void(self, note: CreditNote) -> CreditNote:
        """`credit_note.voided`: it never was."""
        self._tick()
        note = replace(note, status="void")
        self.happened.returns.pop(note.id, None)
        self._state_note(note, "credit_note.voided")
        return note

    def _state_refund(self, refund: Refund, *event_types: str) -> None:
        sale = refund.purchase
        document = documents.refund(sale, refund.id, refund.amount_minor, refund.status, refund.opened_at)
        refs = {"charge": sale.charge, "payment_intent": sale.payment_intent}
        self._hold("refund", refund.id, refund.opened_at, same_in_all(document), **refs)
        self._money[str(sale.charge)].refunds[refund.id] = document
        if refund.status == "failed":
            self.happened.returns.pop(refund.id, None)
        else:
            self.happened.returns[refund.id] = Returned(sale, refund.amount_minor)
        for event_type in event_types:
            self._emit(self._money[str(sale.charge)].buyer.ids, event_type, refund.id)

    def _open_dispute(self, sale: Purchase, amount_minor: int | None, status: str) -> Dispute:
        ids = self._money[str(sale.charge)].buyer.ids
        return Dispute(ids.fresh("dp"), sale, amount_minor or sale.bill.charged_minor, self.now, status)

    def _movement(self, found: Dispute, amount_minor: int) -> Movement:
        ids = self._money[str(found.purchase.charge)].buyer.ids
        moved = Movement(ids.fresh("txn"), amount_minor, self.now)
        document = return_documents.movement(found, moved)
        self._hold("balance_transaction", moved.id, self.now, same_in_all(document), source=found.id, type="adjustment")
        return moved

    def _state_dispute(self, found: Dispute, *event_types: str) -> Dispute:
        sale, charge = found.purchase, str(found.purchase.charge)
        money = self._money[charge]
        money.is_disputed = True
        self._hold_charge(charge)
        document = return_documents.dispute(found, livemode=self.livemode)
        refs = {"charge": charge, "payment_intent": sale.payment_intent}
        self._hold("dispute", found.id, found.opened_at, same_in_all(document), **refs)
        is_out = found.movements and found.status != "won"
        if is_out:
            self.happened.returns[found.id] = Returned(sale, found.amount_minor)
        else:
            self.happened.returns.pop(found.id, None)
        for event_type in event_types:
            self._emit(money.buyer.ids, event_type, found.id)
        return found

    def _state_note(self, note: CreditNote, event_type: str) -> None:
        render = partial(return_documents.credit_note, note=note, livemode=self.livemode)
        refs = {"customer": note.purchase.customer, "invoice": note.purchase.invoice}
        self._hold("credit_note", note.id, note.issued_at, render, **refs)
        self._emit(self._money[str(note.purchase.charge)].buyer.ids, event_type, note.id)
