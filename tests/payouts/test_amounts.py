"""The arithmetic of payouts: the worked numbers, and what holds for any payables."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import money
from app.errors import LedgerError
from app.payouts import amounts
from app.payouts.amounts import PayoutAmounts, PayoutLine

A, B, C = (UUID(int=number) for number in (1, 2, 3))
FEES = st.integers(0, 10_000)
STEPS = st.sampled_from([1, 10, 100])
PAYABLES = st.lists(st.integers(-(10**7), 10**9), min_size=1, max_size=12).map(
    lambda minors: [(UUID(int=number), minor) for number, minor in enumerate(minors)]
)


def test_one_commission_is_paid_without_the_fee() -> None:
    paid = amounts.amounts_of([(A, 980)], 500)
    assert paid == PayoutAmounts(980, 49, 931, (PayoutLine(A, 980, 49),))


def test_debt_is_netted_with_new_earnings_and_the_fee_is_split_over_both() -> None:
    paid = amounts.amounts_of([(A, -980), (B, 1500)], 500)
    assert (paid.gross_minor, paid.fee_minor, paid.net_minor) == (520, 26, 494)
    assert paid.lines == (PayoutLine(A, -980, -49), PayoutLine(B, 1500, 75))
    assert [line.net_minor for line in paid.lines] == [-931, 1425]


def test_step_leaves_the_rest_on_the_last_positive_lines() -> None:
    paid = amounts.amounts_of([(A, 12_000), (B, -500), (C, 88)], 0, step=100)
    assert (paid.gross_minor, paid.net_minor) == (11_500, 11_500)
    assert paid.lines == (PayoutLine(A, 12_000, 0), PayoutLine(B, -500, 0))
    across = amounts.amounts_of([(A, 12_034), (B, -500), (C, 20)], 0, step=100)
    assert across.lines == (PayoutLine(A, 12_000, 0), PayoutLine(B, -500, 0))


def test_gross_is_the_largest_whose_net_is_a_multiple_of_the_step() -> None:
    paid = amounts.amounts_of([(A, 1_999)], 500, step=100)
    assert (paid.gross_minor, paid.fee_minor, paid.net_minor) == (1_895, 95, 1_800)
    one_more = 1_896
    assert one_more - money.percentage(one_more, 500) > 1_800


@pytest.mark.parametrize("payables", [[], [(A, 0)], [(A, -1)], [(A, 5), (B, -5)], [(A, 99)]])
def test_nothing_is_paid_of_a_sum_that_is_not_positive_or_below_the_step(payables: list[tuple[UUID, int]]) -> None:
    assert amounts.amounts_of(payables, 500, step=100) == amounts.NOTHING


def test_whole_fee_leaves_nothing_to_pay() -> None:
    assert amounts.amounts_of([(A, 980)], 10_000) == amounts.NOTHING


@given(PAYABLES, FEES, STEPS)
def test_lines_add_up_and_the_fee_is_of_the_whole(payables: list[tuple[UUID, int]], fee_bps: int, step: int) -> None:
    paid = amounts.amounts_of(payables, fee_bps, step)
    assert paid.gross_minor == sum(line.gross_minor for line in paid.lines)
    assert paid.fee_minor == sum(line.fee_minor for line in paid.lines) == money.percentage(paid.gross_minor, fee_bps)
    assert paid.net_minor == paid.gross_minor - paid.fee_minor
    assert paid.net_minor % step == 0
    assert all(line.gross_minor for line in paid.lines)


@given(PAYABLES, FEES, STEPS)
def test_gross_is_the_largest_possible(payables: list[tuple[UUID, int]], fee_bps: int, step: int) -> None:
    paid = amounts.amounts_of(payables, fee_bps, step)
    payable = sum(minor for _, minor in payables)
    assert paid.gross_minor <= max(payable, 0)
    if payable > 0:
        left = (payable - money.percentage(payable, fee_bps)) - paid.net_minor
        assert 0 <= left < step
    if paid.lines and paid.gross_minor < payable:
        one_more = paid.gross_minor + 1
        assert one_more - money.percentage(one_more, fee_bps) != paid.net_minor


@given(PAYABLES, FEES, STEPS)
def test_debts_are_taken_whole_and_credits_never_beyond_what_is_payable(
    payables: list[tuple[UUID, int]], fee_bps: int, step: int
) -> None:
    paid = amounts.amounts_of(payables, fee_bps, step)
    taken = {line.commission_id: line.gross_minor for line in paid.lines}
    if not taken:
        return
    for commission_id, minor in payables:
        assert taken.get(commission_id, 0) == minor if minor <= 0 else 0 <= taken.get(commission_id, 0) <= minor


@given(PAYABLES, FEES)
def test_fee_of_a_line_is_never_more_than_the_line(payables: list[tuple[UUID, int]], fee_bps: int) -> None:
    for line in amounts.amounts_of(payables, fee_bps).lines:
        assert abs(line.fee_minor) <= abs(line.gross_minor)
        assert line.fee_minor * line.gross_minor >= 0


def test_part_that_comes_back_takes_its_part_of_the_fee_with_it() -> None:
    lines = amounts.amounts_of([(A, -980), (B, 1500)], 500).lines
    first = amounts.returned(lines, 0, 100)
    assert (first.gross_minor, first.fee_minor, first.net_minor) == (105, 5, 100)
    rest = amounts.returned(lines, 100, 394)
    assert (rest.gross_minor, rest.fee_minor, rest.net_minor) == (415, 21, 394)
    back = {line.commission_id: line.gross_minor for line in rest.lines}
    assert {line.commission_id: line.gross_minor + back[line.commission_id] for line in first.lines} == {
        A: -980,
        B: 1500,
    }


@given(PAYABLES, FEES, st.data())
def test_returns_in_steps_bring_every_line_back_exactly(
    payables: list[tuple[UUID, int]], fee_bps: int, data: st.DataObject
) -> None:
    paid = amounts.amounts_of(payables, fee_bps)
    left = {line.commission_id: [line.gross_minor, line.fee_minor] for line in paid.lines}
    before = gross = fee = 0
    while before < paid.net_minor:
        minor = data.draw(st.integers(max(1, paid.net_minor // 4), paid.net_minor))
        back = amounts.returned(paid.lines, before, min(minor, paid.net_minor - before))
        assert back.gross_minor - back.fee_minor == back.net_minor
        assert back.fee_minor == sum(line.fee_minor for line in back.lines)
        before, gross, fee = before + back.net_minor, gross + back.gross_minor, fee + back.fee_minor
        assert gross == money.half_up(paid.gross_minor * before, paid.net_minor)
        assert fee == money.half_up(paid.fee_minor * before, paid.net_minor)
        for line in back.lines:
            left[line.commission_id][0] -= line.gross_minor
            left[line.commission_id][1] -= line.fee_minor
    assert all(rest == [0, 0] for rest in left.values())


@pytest.mark.parametrize(("before", "amount"), [(0, 0), (0, 932), (900, 32), (-1, 5)])
def test_more_than_the_net_never_comes_back(before: int, amount: int) -> None:
    lines = amounts.amounts_of([(A, 980)], 500).lines
    with pytest.raises(LedgerError):
        amounts.returned(lines, before, amount)
