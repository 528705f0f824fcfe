"""What happens to payouts is recorded for outbound webhooks, in the transaction in which it happens."""

import pytest

from app import db
from app.partners.models import Partner
from app.partners.payout_methods.commands import choose
from app.partners.payout_methods.destinations import kinds
from tests.api.conftest import figure
from tests.cast import Merchant
from tests.outbox.listening import listen, recorded

from .till import Till, payout_of, skipped

PAYOUTS = ("payout.requested", "payout.paid", "payout.failed", "payout.returned", "commission.paid")


def pay_by_own_system(merchant: Merchant, code: str) -> None:
    with db.transaction() as session:
        partner = session.get_one(Partner, merchant.partners[code])
        choose(session, "cli", partner, kinds.validate("external", {"reference": "payroll-7"}))


def test_merchants_own_system_is_asked_to_pay_and_confirms(till: Till, merchant: Merchant) -> None:
    endpoint = listen(merchant.organization_id, *PAYOUTS)
    till.owes("ada")
    pay_by_own_system(merchant, "ada")
    payout = payout_of(till.runs(), till, "ada")
    assert (payout["status"], payout["method"]) == ("sent", "external")
    with db.transaction() as session:
        [asked] = recorded(session, endpoint)
        assert (asked.type, asked.data["id"], asked.data["net_cents"]) == ("payout.requested", payout["id"], 980)
        assert asked.data["reference"] == payout["reference"]
    till.did(payout["id"], "confirm")
    till.did(payout["id"], "return", amount_cents=400, reason="sent back")
    with db.transaction() as session:
        messages = [(message.type, message.data.get("status")) for message in recorded(session, endpoint)]
    assert messages == [
        ("payout.requested", "sent"),
        ("commission.paid", "paid"),
        ("payout.paid", "paid"),
        ("payout.returned", "returned"),
    ]


def test_without_a_listener_the_own_system_is_no_way_to_pay(till: Till, merchant: Merchant) -> None:
    till.owes("ada")
    pay_by_own_system(merchant, "ada")
    assert skipped(till.runs()) == {till.partner("ada"): "method_unavailable"}


def test_write_off_is_a_fact_of_the_commission(till: Till, merchant: Merchant) -> None:
    till.owes("ada", 4900, 5000)
    endpoint = listen(merchant.organization_id, "commission.adjusted", "commission.reversed")
    till.writes_off("ada", 1480)
    with db.transaction() as session:
        found = [(message.type, message.data["reversedAmount"]) for message in recorded(session, endpoint)]
    assert found == [("commission.reversed", "9.80"), ("commission.adjusted", "5.00")]


def test_refused_step_leaves_no_fact(till: Till, merchant: Merchant) -> None:
    till.owes("ada")
    payout = payout_of(till.runs(), till, "ada")["id"]
    till.did(payout, "fail", reason="account closed")
    endpoint = listen(merchant.organization_id, *PAYOUTS)
    assert till.does(payout, "confirm").status_code == 409
    with db.transaction() as session:
        assert recorded(session, endpoint) == []


@pytest.mark.usefixtures("merchant")
def test_payouts_under_way_are_counted_by_status(till: Till) -> None:
    till.owes("ada")
    till.owes("ben")
    till.did(payout_of(till.runs(), till, "ada")["id"], "confirm")
    shown = till.caller.application.test_client().get("/metrics").text
    assert figure(shown, 'accrual_payouts_under_way{status="pending"}') == 1
    assert figure(shown, 'accrual_payouts_under_way{status="sent"}') == 0
