"""What happens to connected accounts: onboarding, restrictions, and the payouts to their own banks."""

from typing import Final

from tests.stripe_stories.documents import Document

from . import accounts, transfers
from .account import Account
from .accounts import Recipient

USED_LINK: Final = "the link was used already, or has expired"


class Recipients(Account):
    """Verbs about the connected accounts of this account and mode. Each causes the events that Stripe sends."""

    def recipient(self, account: str) -> Recipient:
        """A connected account as Stripe knows it."""
        return self.world.recipients[account]

    def open_link(self, url: str) -> str:
        """Follow an onboarding link and fill in everything; gives the address the person is sent to.

        A link that was used, or is too old, leads to its refresh address, and nothing changes.
        """
        link = self.world.links[url]
        if link.is_used or self.now >= link.expires_at:
            return link.refresh_url
        link.is_used = True
        self.onboard(link.account)
        return link.return_url

    def onboard(self, account: str) -> None:
        """All that is required was given: transfers are active."""
        found = self.recipient(account)
        found.is_accepted = True
        self._change(found, "active", [], None)

    def leave_early(self, account: str, *owed: str) -> None:
        """The person came back without giving these: the return address proves nothing."""
        self._change(self.recipient(account), "inactive", list(owed), "requirements.past_due")

    def restrict(self, account: str, *owed: str, reason: str = "requirements.past_due", **errors: str) -> None:
        """Stripe wants more, and suspends transfers; `errors` are reasons by requirement, dots written as `__`."""
        found = self.recipient(account)
        found.errors = {requirement.replace("__", "."): why for requirement, why in errors.items()}
        self._change(found, "inactive", list(owed), reason)

    def reverse_transfer(self, transfer_id: str, amount_minor: int | None = None) -> Document:
        """`transfer.reversed`: a part of a transfer, or all that is left of it, comes back."""
        self._tick()
        return transfers.reverse_transfer(self.world, (self.account, self.livemode), transfer_id, amount_minor)

    def update_transfer(self, transfer_id: str, **changes: object) -> None:
        """`transfer.updated`: no money moves."""
        self._tick()
        transfers.update(self.world, (self.account, self.livemode), transfer_id, **changes)

    def pay_out(self, account: str, amount_minor: int, currency: str = "usd") -> str:
        """`payout.paid` of a connected account: Stripe paid its balance to its bank; gives the payout's id."""
        self._tick()
        payout_id = self.world.ids_for("payout").fresh("po")
        document = {
            "id": payout_id,
            "object": "payout",
            "amount": amount_minor,
            "arrival_date": self.now,
            "created": self.now,
            "currency": currency,
            "failure_code": None,
            "failure_message": None,
            "livemode": self.livemode,
            "status": "paid",
        }
        self._state_payout(account, document, "payout.paid")
        return payout_id

    def fail_payout(self, account: str, payout_id: str, code: str = "account_closed") -> None:
        """`payout.failed`, which may come days after `payout.paid`: the bank sent the money back."""
        self._tick()
        held = self.world.shelves[account, self.livemode].get(payout_id)
        assert held is not None, payout_id
        failed = {"failure_code": code, "failure_message": "The bank account has been closed.", "status": "failed"}
        self._state_payout(account, held.render(self.family) | failed, "payout.failed")

    def _change(self, found: Recipient, transfers_status: str, owed: list[str], reason: str | None) -> None:
        self._tick()
        has_moved = found.transfers != transfers_status
        found.transfers, found.owed, found.disabled_reason = transfers_status, owed, reason
        if reason is None:
            found.errors = {}
        accounts.hold(self.world, found)
        if has_moved:
            self._tell(found.id, "capability.updated", f"{found.id}/transfers")
        self._tell(found.id, "account.updated", found.id)

    def _state_payout(self, account: str, document: Document, event_type: str) -> None:
        scope = (account, self.livemode)
        self.world.hold(scope, "payout", document["id"], document["created"], lambda _family: document)
        self._tell(account, event_type, document["id"])

    def _tell(self, account: str, event_type: str, object_id: str) -> None:
        event_id = self.world.ids_for("connect").fresh("evt")
        self.world.record_event((account, self.livemode), event_id, event_type, object_id, self.now)
