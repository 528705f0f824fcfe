"""What a write-off ended stays ended, whatever happens to the payment after it: pure, no database takes part."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.ledger.positions import Line, Position, difference, write_off

AMOUNT = 980


def brought_to(position: Position, target_minor: int) -> Position:
    """The position of an approved commission after its payment's state changed."""
    return position.after(difference(position, target_minor, is_approved=True))


def written_off(position: Position, minor: int) -> Position:
    """The position, as it is read again, after so much of its payable was written off."""
    after = position.after(write_off(minor))
    if minor > 0:
        return replace(after, ended_credits_minor=after.ended_credits_minor + minor)
    return replace(after, ended_debts_minor=after.ended_debts_minor + minor)


def paid(minor: int) -> Position:
    return Position(payable_minor=AMOUNT - minor, paid_minor=minor)


def test_balance_that_is_written_off_leaves_nothing_and_shows_as_reversed() -> None:
    after = written_off(Position(payable_minor=AMOUNT), AMOUNT)
    assert (after.payable_minor, after.written_off_minor) == (0, AMOUNT)
    assert (after.net_minor, after.posted_minor, after.status) == (0, AMOUNT, "reversed")


def test_refund_after_a_write_off_makes_no_debt_of_it() -> None:
    ended = written_off(Position(payable_minor=AMOUNT), AMOUNT)
    half = brought_to(ended, 490)
    assert (half.payable_minor, half.written_off_minor) == (0, 490)
    assert brought_to(half, AMOUNT) == ended
    nothing = brought_to(half, 0)
    assert (nothing.payable_minor, nothing.written_off_minor) == (0, 0)


def test_refund_takes_what_is_still_payable_before_what_was_written_off() -> None:
    after = brought_to(written_off(Position(payable_minor=AMOUNT), 500), 490)
    assert (after.payable_minor, after.written_off_minor) == (0, 490)


def test_debt_that_is_written_off_does_not_come_back_as_a_balance_when_the_dispute_is_won() -> None:
    debt = brought_to(paid(AMOUNT), 0)
    assert debt.payable_minor == -AMOUNT
    ended = written_off(debt, -AMOUNT)
    assert (ended.payable_minor, ended.written_off_minor, ended.status) == (0, -AMOUNT, "paid")
    won = brought_to(ended, AMOUNT)
    assert (won.payable_minor, won.written_off_minor) == (0, 0)


def test_debt_can_be_ended_after_a_balance_was_ended_and_refunded() -> None:
    position = written_off(Position(payable_minor=AMOUNT - 300, paid_minor=300), AMOUNT - 300)
    debt = brought_to(position, 0)
    assert (debt.payable_minor, debt.written_off_minor) == (-300, 0)
    ended = written_off(debt, -300)
    assert brought_to(ended, 0) == ended
    assert (ended.payable_minor, ended.written_off_minor) == (0, -300)


@given(
    start=st.builds(paid, st.integers(0, AMOUNT)),
    ended_minor=st.integers(0, AMOUNT),
    targets=st.lists(st.integers(0, AMOUNT), min_size=1, max_size=6),
)
def test_order_and_repetition_of_what_happens_after_a_write_off_do_not_matter(
    start: Position, ended_minor: int, targets: Sequence[int]
) -> None:
    ended = written_off(start, min(ended_minor, start.payable_minor)) if start.payable_minor else start
    position = ended
    for target in targets:
        position = brought_to(position, target)
    assert position == brought_to(ended, targets[-1])
    assert position.posted_minor == targets[-1]


@given(target=st.integers(0, AMOUNT), start=st.builds(paid, st.integers(0, AMOUNT)))
def test_difference_without_a_write_off_touches_no_written_off_account(target: int, start: Position) -> None:
    lines: list[Line] = difference(start, target, is_approved=True)
    assert "written_off" not in {line.account_kind for line in lines}
    assert sum(line.amount_minor for line in lines) == 0
