"""With an API key, a customer's history is read from Stripe: everything it paid, from its first payment on."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app import db, sealing
from app.commissions.elsewhere import customers
from app.commissions.settling.settlement import Cause
from app.config import Settings
from app.organizations.actors import CLI
from app.payouts.reserving import payables
from app.programs.models import Program
from tests.cast import Merchant
from tests.conftest import Ledger
from tests.emulator.account import Buyer
from tests.emulator.emulator import Emulator
from worker import schedule
from worker.stripe_sync import lookups

from .conftest import LookUp


@pytest.mark.parametrize("is_by_address", [False, True], ids=["by id", "by address"])
def test_history_is_read_from_the_first_payment_on_and_the_address_is_kept_only_until_then(
    asking: Settings,
    shop: Emulator,
    merchant: Merchant,
    look_up: LookUp,
    ledger: Ledger,
    *,
    is_by_address: bool,
) -> None:
    cleo = shop.customer(marker="ada")
    subscription = shop.subscribe(cleo, price=4900)
    for _ in range(2):
        shop.renew(subscription)
    shop.refund(shop.buy(cleo))
    shop.subscribe(shop.customer("dora", marker="ben"), price=100)
    sealing.connect(asking)
    remember(merchant, cleo, is_by_address=is_by_address)
    assert is_waited_for(merchant)
    schedule.settle_history()
    assert is_waited_for(merchant)
    assert lookups.do_next()
    assert is_waited_for(merchant)
    assert look_up() == 0
    assert is_waited_for(merchant), "what was found lacks more"
    look_up()
    assert not is_waited_for(merchant)
    paid = [(line.kind, line.base_minor, line.returned_minor) for line in ledger().payments]
    assert sorted(paid) == [("invoice", 4900, 0), ("invoice", 4900, 0), ("invoice", 4900, 0), ("pi", 4900, 4900)]
    with db.transaction() as session:
        assert session.scalars(text("SELECT count(email_encrypted) FROM customer_histories")).one() == 0


def is_waited_for(merchant: Merchant) -> bool:
    """Whether payouts wait for what is missing."""
    with db.transaction() as session:
        return payables.is_settling(session, session.get_one(Program, merchant.program_id), livemode=False)


def remember(merchant: Merchant, cleo: Buyer, *, is_by_address: bool) -> None:
    """Record Cleo's history without a time."""
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        customers.record(
            session,
            CLI,
            program,
            livemode=False,
            stripe_customer_id=None if is_by_address else cleo.id,
            email=f"{cleo.id.lower()}@example.com" if is_by_address else None,
            first_paid_at=None,
            cause=Cause("request:test", datetime.now(UTC)),
        )
