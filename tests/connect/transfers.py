"""What tests of transfers do, and what there is at Stripe and in the books afterwards."""

from typing import Any

from tests.conftest import Ledger
from tests.emulator.emulator import Emulator
from tests.payouts.till import Till, payout_of

from .conftest import Work, make_transfers_due

CREATE = "POST /v1/transfers"
NET = 980


class Killed(BaseException):
    """The process died here."""


def made(shop: Emulator) -> list[Any]:
    """Every transfer there is at Stripe."""
    return shop.client().v1.transfers.list({"limit": 100}).data


def reserved(till: Till, code: str = "ada") -> str:
    """The id of the payout that a run reserves for the partner."""
    return str(payout_of(till.runs(), till, code)["id"])


def until_done(transfer: Work, *, rounds: int = 6) -> None:
    """Let every wait end again and again, as if hours passed."""
    for _ in range(rounds):
        make_transfers_due()
        transfer()


def assert_sent_once(shop: Emulator, till: Till, payout_id: str, ledger: Ledger, net_minor: int = NET) -> None:
    """One transfer of the whole net, and the books agree."""
    [sent] = made(shop)
    assert (sent.amount, sent.transfer_group) == (net_minor, payout_id)
    seen = till.sees(payout_id)
    assert (seen["status"], seen["provider_id"]) == ("paid", sent.id)
    assert till.holds("ada") == (0, 0, 0, net_minor, 0, 0)
    ledger()
