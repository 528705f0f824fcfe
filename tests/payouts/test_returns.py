"""Money of a payout that comes back weeks later, in parts: what is payable again adds up to the cent."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app import db, ids
from app.commissions.models import Commission
from app.payouts.amounts import amounts_of, returned
from tests.conftest import assert_ledger_sound

from .till import Till, payout_of, set_payout


def test_part_that_comes_back_three_weeks_later_is_payable_again_over_its_lines(till: Till) -> None:
    till.sets(platform_fee_bps=500)
    first, second = till.owes("ada", 4900, 7500)
    payout = payout_of(till.runs(), till, "ada")
    assert (payout["gross_cents"], payout["fee_cents"], payout["net_cents"]) == (2480, 124, 2356)
    till.did(payout["id"], "confirm")
    three_weeks_ago = datetime.now(UTC) - timedelta(weeks=3)
    set_payout(payout["id"], "paid", created_at=three_weeks_ago, paid_at=three_weeks_ago)

    shown = till.did(payout["id"], "return", amount_cents=1000, reason="name does not match")
    assert (shown["status"], shown["returned_cents"]) == ("returned", 1000)
    [back] = shown["returns"]
    assert (back["gross_cents"], back["fee_cents"], back["amount_cents"]) == (1053, 53, 1000)
    assert till.holds("ada")[1:5] == (1053, 0, 1356, 71)
    assert (till.holds("ada", first)[1:5], till.holds("ada", second)[1:5]) == ((416, 0, 536, 28), (637, 0, 820, 43))

    shown = till.did(payout["id"], "return", amount_cents=1356, reason="account closed")
    assert [one["gross_cents"] for one in shown["returns"]] == [1053, 1427]
    assert till.holds("ada")[1:5] == (2480, 0, 0, 0)
    assert till.does(payout["id"], "return", amount_cents=1, reason="more").status_code == 409
    again = payout_of(till.runs(), till, "ada")
    assert (again["gross_cents"], again["net_cents"], again["commission_count"]) == (2480, 2356, 2)
    assert_ledger_sound()


def test_return_is_recorded_at_the_time_it_came_back_between_the_payment_and_now(till: Till) -> None:
    till.owes("ada")
    payout = payout_of(till.runs(), till, "ada")["id"]
    till.did(payout, "confirm")
    now = datetime.now(UTC)
    set_payout(payout, "paid", created_at=now - timedelta(weeks=3), paid_at=now - timedelta(weeks=2))
    for when in (now - timedelta(weeks=2, seconds=1), now + timedelta(days=1)):
        refused = till.does(payout, "return", amount_cents=400, reason="sent back", returned_at=when.isoformat())
        assert (refused.status_code, refused.json["error"]["param"]) == (400, "returned_at")
    last_week = now - timedelta(weeks=1)
    shown = till.did(payout, "return", amount_cents=400, reason="sent back", returned_at=last_week.isoformat())
    [back] = shown["returns"]
    assert abs(datetime.fromisoformat(back["occurred_at"]) - last_week) < timedelta(milliseconds=1)
    assert till.holds("ada")[1:4] == (400, 0, 580)
    assert_ledger_sound()


def test_sent_payout_that_comes_back_was_paid_first(till: Till) -> None:
    till.owes("ada")
    run = till.runs()
    payout = payout_of(run, till, "ada")["id"]
    set_payout(payout, "sent", sent_at=datetime.now(UTC))
    shown = till.did(payout, "return", amount_cents=980, reason="wrong address")
    assert (shown["status"], shown["returned_cents"]) == ("returned", 980)
    assert shown["paid_at"] is not None
    assert till.holds("ada")[1:5] == (980, 0, 0, 0)
    assert till.sees_run(run["id"])["status"] == "completed"
    assert_ledger_sound()


def paid_times() -> list[bool]:
    """Whether each commission has a time of payment, the oldest first."""
    with db.transaction() as session:
        return list(session.scalars(select(Commission.paid_at.is_not(None)).order_by(Commission.id)))


def test_debt_that_was_netted_is_owed_again_when_the_payout_comes_back(till: Till) -> None:
    first, _ = till.owes("ada", 4900, 5000)
    till.did(payout_of(till.runs(), till, "ada")["id"], "confirm")
    till.refunds(first, 4900)
    till.owes("ada", 10_000)
    netted = payout_of(till.runs(), till, "ada")
    assert (netted["net_cents"], netted["commission_count"]) == (2000 - 980, 2)
    till.did(netted["id"], "confirm")
    assert (till.holds("ada", first)[1:5], paid_times()) == ((0, 0, 0, 0), [False, True, True])
    till.did(netted["id"], "return", amount_cents=1020, reason="account closed")
    assert (till.holds("ada", first)[1:5], paid_times()) == ((-980, 0, 980, 0), [True, True, False])
    assert till.holds("ada")[1] == 1020
    assert_ledger_sound()


def test_refund_of_a_commission_in_a_payout_waits_as_a_debt(till: Till) -> None:
    [sale] = till.owes("ada")
    payout = payout_of(till.runs(), till, "ada")["id"]
    till.refunds(sale, 4900)
    assert till.holds("ada")[1:3] == (-980, 980)
    till.did(payout, "fail", reason="account closed")
    assert till.holds("ada")[1:5] == (0, 0, 0, 0)
    assert_ledger_sound()


@given(
    payables=st.lists(st.integers(-3000, 9000).filter(bool), min_size=1, max_size=6),
    fee_bps=st.integers(0, 9999),
    parts=st.lists(st.integers(1, 4000), max_size=5),
)
def test_returns_in_any_parts_end_where_one_return_of_all_does(
    payables: list[int], fee_bps: int, parts: list[int]
) -> None:
    paid = amounts_of([(ids.new(), minor) for minor in payables], fee_bps)
    before = 0
    back = dict.fromkeys((line.commission_id for line in paid.lines), (0, 0))
    for part in [*parts, paid.net_minor]:
        amount = min(part, paid.net_minor - before)
        if amount == 0:
            continue
        some = returned(paid.lines, before, amount)
        before += amount
        assert some.net_minor == amount
        for line in some.lines:
            gross, fee = back[line.commission_id]
            back[line.commission_id] = (gross + line.gross_minor, fee + line.fee_minor)
    assert back == {line.commission_id: (line.gross_minor, line.fee_minor) for line in paid.lines}
