"""The arithmetic of money against exact fractions."""

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app import currencies, money

AMOUNTS = st.integers(0, 10**12)
SIGNED = st.integers(-(10**12), 10**12)
POSITIVE = st.integers(1, 10**12)
RATES = st.integers(0, 10_000)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=20)
CURRENCIES = st.sampled_from(["usd", "eur", "jpy", "kwd", "isk"])


def test_known_currencies_are_tender_now_or_were_since_stripe_opened() -> None:
    assert len(currencies.known()) > 150
    assert {"usd", "eur", "jpy", "kwd", "isk", "ugx", "bgn", "std", "ang", "xcg"} <= currencies.known()
    assert currencies.known() >= money.ZERO_DECIMAL | money.THREE_DECIMAL
    assert currencies.known().isdisjoint({"zzz", "xxx", "xts", "xau", "dem", "btc", "USD"})


@given(SIGNED, POSITIVE)
def test_rounding_is_to_the_nearest(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert abs(money.half_up(numerator, denominator) - exact) <= Fraction(1, 2)


@given(SIGNED, POSITIVE)
def test_rounding_mirrors_negatives(numerator: int, denominator: int) -> None:
    assert money.half_up(-numerator, denominator) == -money.half_up(numerator, denominator)


@given(AMOUNTS)
def test_a_half_is_rounded_away_from_zero(whole: int) -> None:
    assert money.half_up(2 * whole + 1, 2) == whole + 1


@given(AMOUNTS, RATES)
def test_a_share_is_never_more_than_the_whole(amount: int, rate_bps: int) -> None:
    assert 0 <= money.percentage(amount, rate_bps) <= amount


@given(AMOUNTS, POSITIVE, st.data())
def test_a_larger_return_leaves_a_smaller_commission(amount: int, gross: int, data: st.DataObject) -> None:
    less, more = sorted(data.draw(st.lists(st.integers(0, gross), min_size=2, max_size=2)))
    assert amount >= money.after_return(amount, less, gross) >= money.after_return(amount, more, gross) >= 0


@given(AMOUNTS, POSITIVE, AMOUNTS)
def test_target_is_the_amount_without_returns_and_zero_after_a_full_return(amount: int, gross: int, over: int) -> None:
    assert money.after_return(amount, 0, gross) == amount
    assert money.after_return(amount, gross + over, gross) == 0


@given(AMOUNTS, st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
def test_returns_in_steps_take_back_exactly_what_was_earned(amount: int, steps: list[int]) -> None:
    gross = sum(steps)
    targets = [money.after_return(amount, sum(steps[:count]), gross) for count in range(len(steps) + 1)]
    taken = [before - after for before, after in pairwise(targets)]
    assert sum(taken) == amount
    assert min(taken) >= 0


@given(AMOUNTS, WEIGHTS)
def test_the_parts_of_a_split_add_up(amount: int, weights: list[int]) -> None:
    parts = money.split(amount, weights)
    assert sum(parts) == amount
    assert len(parts) == len(weights)
    assert min(parts) >= 0


@given(AMOUNTS, st.lists(st.integers(1, 10**9), min_size=1, max_size=20))
def test_each_part_of_a_split_is_within_one_of_its_exact_share(amount: int, weights: list[int]) -> None:
    for part, weight in zip(money.split(amount, weights), weights, strict=True):
        assert abs(part - Fraction(amount * weight, sum(weights))) <= 1


@given(SIGNED, CURRENCIES)
def test_money_written_for_people_reads_back(amount: int, currency: str) -> None:
    written = money.decimal_text(amount, currency)
    assert Fraction(written) * 10 ** money.decimals(currency) == amount
