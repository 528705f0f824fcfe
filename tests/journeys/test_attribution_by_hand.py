"""A person says whose a payment is; no evidence says otherwise, and every difference is posted."""

from itertools import permutations

import pytest

from app import db
from app.partners import enrollment
from app.partners.models import Partner
from tests import cast
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import MONTH_SECONDS, UNMARKED, Bill, Marks
from tests.stripe_stories.families import CLOVER

from .conftest import Meet
from .desk import Desk, pay_out, payment_id

pytestmark = pytest.mark.usefixtures("only_codes_are_stored")

FEW_DAYS_SECONDS = 5 * 86_400


def test_unattributed_payment_is_credited_by_hand_with_actor_and_reason(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    first = meet().subscribes()
    deliver(first.events)
    drain()
    assert [one["invoice"] for one in desk.sees(attributed="false")] == [first.invoice]
    answer = desk.credits(str(first.invoice), "ada")
    assert (answer.status_code, answer.json["changed"]) == (200, True)
    assert ledger().balances == owed(ada=980)
    explanation = desk.explains(str(first.invoice))
    assert desk.key_id in explanation
    assert "she told us" in explanation


def test_a_payment_credited_by_hand_leaves_the_customers_other_payments(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver([*first.events, *cleo.renews(first).events])
    drain()
    desk.credits(str(first.invoice), "ben")
    assert ledger().balances == owed(ada=980, ben=980)


def test_repeated_decision_changes_nothing(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    first = meet().subscribes()
    deliver(first.events)
    drain()
    for _ in range(2):
        answer = desk.credits(str(first.invoice), "ada")
    assert (answer.status_code, answer.json["changed"]) == (200, False)
    assert ledger().balances == owed(ada=980)


def test_latest_decision_counts(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk) -> None:
    first = meet(subscription="ada").subscribes()
    deliver(first.events)
    drain()
    for code in ("ben", "ada", None, "dan", "ben"):
        assert desk.credits(str(first.invoice), code).json["changed"]
    assert ledger().balances == owed(ben=980)


def test_removed_credit_is_not_restored_by_later_events(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    desk.credits(str(first.invoice), None, reason="he is her brother")
    deliver([cleo.appears(), *cleo.is_refunded(first, 1000).events])
    drain()
    assert ledger().balances == {}
    (payment,) = desk.sees()
    assert payment["outcome"] == "unattributed"
    assert "he is her brother" in payment["reason"]


def test_later_evidence_never_overrides_a_person(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    cleo = meet(session="ada", customer="dan")
    appeared, first = cleo.appears(), cleo.subscribes()
    deliver(first.only("invoice.paid").events)
    drain()
    desk.credits(str(first.invoice), "ben")
    deliver([appeared, *first.events])
    drain()
    assert ledger().balances == owed(ben=980)


@pytest.mark.parametrize("order", list(permutations(("invoice.paid", "invoice_payment.paid"))), ids=" ".join)
def test_a_decision_on_a_charge_stays_when_it_turns_out_to_pay_an_invoice(
    deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk, order: tuple[str, ...]
) -> None:
    sale = Customer(CLOVER, Marks(invoice="dan")).buys(invoiced=True, through_session=False)
    deliver([sale.event("payment_intent.succeeded")])
    drain()
    desk.credits(str(sale.payment_intent), "ada")
    assert ledger().balances == owed(ada=980)
    for event_type in order:
        deliver([sale.event(event_type)])
        drain()
    assert ledger().balances == owed(ada=980)
    assert [line.kind for line in ledger().payments] == ["invoice"]


@pytest.mark.parametrize("last", ["charge", "invoice"])
def test_later_of_two_merged_decisions_counts(
    deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk, last: str
) -> None:
    sale = Customer(CLOVER).buys(Bill(tax_minor=100), invoiced=True, through_session=False)
    deliver([sale.event("payment_intent.succeeded"), sale.event("invoice.paid")])
    drain()
    decided = {"charge": (str(sale.payment_intent), "ada"), "invoice": (str(sale.invoice), "ben")}
    for which in sorted(decided, key=lambda one: one == last):
        stripe_id, code = decided[which]
        assert desk.credits(stripe_id, code, force=True).status_code == 200
    deliver([sale.event("invoice_payment.paid")])
    drain()
    assert ledger().balances == owed(**{decided[last][1]: 980})


def test_a_charge_near_an_invoice_of_the_same_amount_is_not_credited_unless_forced(
    deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    sale = Customer(CLOVER).buys(invoiced=True, through_session=False)
    deliver([sale.event("payment_intent.succeeded"), sale.event("invoice.paid")])
    drain()
    answer = desk.credits(str(sale.payment_intent), "ada")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "invoice_nearby")
    assert ledger().balances == {}
    assert desk.credits(str(sale.payment_intent), "ada", force=True).status_code == 200
    assert ledger().balances == owed(ada=980)


def test_a_merged_payment_is_refused_and_the_survivor_named(
    deliver: Deliver, drain: Drain, desk: Desk, meet: Meet
) -> None:
    sale = Customer(CLOVER, Marks(payment="ada")).buys(invoiced=True, through_session=False)
    for event_type in ("payment_intent.succeeded", "invoice.paid", "invoice_payment.paid"):
        deliver([sale.event(event_type)])
        drain()
    answer = desk.credits(str(sale.payment_intent), "ben")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "payment_merged")
    assert payment_id(str(sale.invoice)) in answer.json["error"]["message"]


def test_a_partner_that_is_not_active_is_refused_and_its_lost_payment_repaired_once_it_is(
    meet: Meet, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    with db.transaction() as session:
        cast.enroll(session, merchant, "eve", status="paused")
    first = meet(subscription="eve").subscribes()
    deliver(first.events)
    drain()
    answer = desk.credits(str(first.invoice), "eve")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "partner_inactive")
    _activate(merchant, "eve")
    assert desk.credits(str(first.invoice), "eve").json["changed"]
    assert ledger().balances == owed(eve=980)


@pytest.mark.parametrize("is_confirmed", [True, False], ids=["paid", "in_payout"])
def test_paid_commissions_move_only_on_request_and_become_a_debt(
    meet: Meet, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk, is_confirmed: bool
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver([*first.events, *cleo.renews(first).events])
    drain()
    pay_out(merchant, str(first.invoice), is_confirmed=is_confirmed)
    there = "partner_paid" if is_confirmed else "payout_clearing"
    answer = desk.credits_customer(cleo.id, "ben", all_unpaid=True)
    assert answer.json["conflicts"] == [payment_id(str(first.invoice))]
    left = owed(ben=980) | {(there, "ada", "usd"): 980, ("commission_expense", None, "usd"): 1960}
    assert ledger().balances == left
    assert [one["id"] for one in desk.sees(conflict="true")] == answer.json["conflicts"]
    desk.credits_customer(cleo.id, "ben", all_unpaid=True, include_paid=True)
    debt = {(there, "ada", "usd"): 980, ("partner_payable", "ada", "usd"): -980}
    moved = {("partner_payable", "ben", "usd"): 980, ("partner_accrued", "ben", "usd"): 980}
    assert ledger().balances == {**debt, **moved, ("commission_expense", None, "usd"): 1960}
    assert desk.sees(conflict="true") == []


def test_earlier_evidence_moves_unpaid_commissions_and_lists_paid_ones(
    meet: Meet, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    cleo.marks = Marks(subscription="ben")
    second = cleo.subscribes()
    cleo.marks = UNMARKED
    renewal = cleo.renews(second)
    deliver([*second.events, *renewal.events])
    drain()
    pay_out(merchant, str(second.invoice))
    deliver(first.events)
    drain()
    expected = owed(ada=1960) | {("partner_paid", "ben", "usd"): 980, ("commission_expense", None, "usd"): 2940}
    assert ledger().balances == expected
    (listed,) = desk.sees(conflict="true")
    assert listed["invoice"] == second.invoice
    assert str(desk.partner("ada")) in listed["conflict"]
    assert "include_paid" in desk.explains(str(second.invoice))


def test_refund_of_a_payment_in_conflict_reduces_the_paid_partners_commission(
    meet: Meet, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    pay_out(merchant, str(first.invoice))
    desk.credits(str(first.invoice), "ben")
    deliver(cleo.is_refunded(first, 2450).events)
    drain()
    balances = ledger().balances
    assert (balances["partner_paid", "ada", "usd"], balances["partner_payable", "ada", "usd"]) == (980, -490)
    assert ("partner_accrued", "ben", "usd") not in balances


@pytest.mark.parametrize("wrong", [{"reason": " "}, {"reason": ""}, {"rate": 5}], ids=["blank", "empty", "unknown"])
def test_an_order_without_a_reason_is_refused(
    meet: Meet, deliver: Deliver, drain: Drain, desk: Desk, wrong: dict[str, object]
) -> None:
    first = meet().subscribes()
    deliver(first.events)
    drain()
    assert desk.credits(str(first.invoice), "ada", **wrong).status_code == 400


def test_partner_activated_later_does_not_take_over_customers(
    meet: Meet, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    with db.transaction() as session:
        cast.enroll(session, merchant, "eve", status="paused")
    cleo = meet(subscription="eve")
    first = cleo.subscribes()
    cleo.waits(MONTH_SECONDS * 2)
    cleo.marks = Marks(subscription="ada")
    second = cleo.subscribes()
    deliver([*first.events, *second.events])
    drain()
    assert ledger().balances == owed(ada=980)
    _activate(merchant, "eve")
    cleo.marks = UNMARKED
    deliver([cleo.is_marked_again("dan"), *cleo.renews(second).events, *cleo.renews(first).events])
    drain()
    assert ledger().balances == owed(ada=3 * 980)


def test_a_partner_activated_later_earns_from_then_on_on_unbound_customers(
    meet: Meet, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    with db.transaction() as session:
        cast.enroll(session, merchant, "eve", status="paused")
    cleo = meet(subscription="eve")
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    _activate(merchant, "eve")
    deliver(cleo.renews(first).events)
    drain()
    assert ledger().balances == owed(eve=980)


def _activate(merchant: Merchant, code: str) -> None:
    with db.transaction() as session:
        enrollment.change_status(session, session.get_one(Partner, merchant.partners[code]), "active")
