"""Test and live money of one merchant are two ledgers: none of one is in a sum, a tier or an approval of the other."""

from collections.abc import Mapping
from typing import Any

import pytest

from app import ids
from app.cli.stripe.fresh_ids import with_mode
from tests.cast import PERCENTAGE, Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.journeys.test_approval import day
from tests.journeys.test_promotion_codes import now, sell
from tests.maturing import clock
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks, Purchase
from tests.stripe_stories.families import CLOVER

from .balances import balances_of_accounts
from .conftest import KeyOf

TIERED = {"type": "tiered", "bps": 1000, "tiers": [{"min_conversions": 2, "bps": 3000}]}


@pytest.fixture
def commission(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    return getattr(request, "param", PERCENTAGE)


def test_each_mode_has_accounts_of_its_own(sold: dict[bool, list[Purchase]], ledger: Ledger) -> None:
    """20 % of 49.00 in test mode; in live mode 20 % of 30.00 and of the 10.00 that are left of 20.00."""
    ledger()
    assert balances_of_accounts() == {
        (False, "commission_expense"): -980,
        (False, "partner_accrued"): 980,
        (True, "commission_expense"): -800,
        (True, "partner_accrued"): 800,
    }


def test_all_that_matches_is_approved_in_the_keys_mode_only(
    sold: dict[bool, list[Purchase]], key_of: KeyOf, ledger: Ledger
) -> None:
    approved = key_of(False).post("/api/v1/commissions/approve", {"until": "2027-01-01T00:00:00Z"})
    assert len(approved.json["conversionIds"]) == 1
    ledger()
    assert balances_of_accounts() == {
        (False, "commission_expense"): -980,
        (False, "partner_payable"): 980,
        (True, "commission_expense"): -800,
        (True, "partner_accrued"): 800,
    }
    assert sold


@pytest.mark.parametrize("commission", [TIERED], indirect=True)
def test_tiers_count_conversions_of_their_own_mode(
    deliver: Deliver, deliver_live: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Two approved test sales raise the rate of the third test sale to 30 %; a live sale after them earns 10 %."""
    test = Customer(CLOVER, Marks(payment="ada"))
    trials = []
    for _ in range(3):
        trials.append(test.buys(Bill(net_minor=10_000), through_session=False))
        test.waits(31 * 86_400)
    live = Customer(CLOVER, Marks(payment="ada"), livemode=True)
    live.now = test.now
    for sale in trials[:2]:
        deliver(sale.events)
    drain()
    clock(day(trials[1], 31))
    deliver(trials[2].events)
    deliver_live(live.buys(Bill(net_minor=10_000), through_session=False).events)
    drain()
    ledger()
    assert balances_of_accounts() == {
        (False, "commission_expense"): -5000,
        (False, "partner_payable"): 2000,
        (False, "partner_accrued"): 3000,
        (True, "commission_expense"): -1000,
        (True, "partner_accrued"): 1000,
    }


def test_an_external_id_is_taken_once_in_each_mode(merchant: Merchant, key_of: KeyOf, ledger: Ledger) -> None:
    report = {
        "affiliate_id": ids.encode("aff", merchant.partners["ada"]),
        "amount_cents": 5000,
        "external_id": "order-1",
    }
    for caller in (key_of(False), key_of(True)):
        assert caller.post("/api/v1/conversions", report).status_code == 201
        assert caller.post("/api/v1/conversions", report).json["error"]["code"] == "duplicate_external_id"
        assert len(caller.get("/api/v1/conversions").json["data"]) == 1
    ledger()
    assert balances_of_accounts() == {
        (mode, kind): minor
        for mode in (False, True)
        for kind, minor in (("commission_expense", -1000), ("partner_accrued", 1000))
    }


def test_a_promotion_given_in_test_mode_credits_no_live_purchase(
    deliver: Deliver, deliver_live: Deliver, drain: Drain, ledger: Ledger, merchant: Merchant, key_of: KeyOf
) -> None:
    """A coupon is used in both modes and given to Ada in test mode: 20 % of 49.00 there, nothing in live mode."""
    sale = sell(now(Customer(CLOVER)))
    deliver(sale.events)
    deliver_live(with_mode(sale.events, livemode=True))
    drain()
    path = f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}/promotion-codes"
    assert key_of(False).post(path, {"coupon": sale.code.coupon.id, "existing": True}).status_code == 201
    assert key_of(True).get(path).json["data"] == []
    ledger()
    assert balances_of_accounts() == {(False, "commission_expense"): -980, (False, "partner_accrued"): 980}
