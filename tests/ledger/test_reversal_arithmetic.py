"""The numbers of the worked tables."""

import pytest

from app import money


def test_twenty_percent_of_49_dollars_is_980_cents() -> None:
    assert money.percentage(4900, 2000) == 980


def test_return_of_a_fifth_reverses_a_fifth() -> None:
    assert money.after_return(980, 1000, 4900) == 780


def test_a_platform_fee_of_a_netted_payout_is_split_by_running_totals() -> None:
    assert money.percentage(520, 500) == 26
    assert money.percentage(980, 500) == 49


@pytest.mark.parametrize(
    ("net_total", "collected", "total", "base"), [(4900, 5831, 5831, 4900), (4900, 3000, 5831, 2521)]
)
def test_a_base_is_the_net_in_proportion_to_what_was_collected(
    net_total: int, collected: int, total: int, base: int
) -> None:
    assert money.half_up(net_total * collected, total) == base


@pytest.mark.parametrize(
    ("amount", "currency", "written"), [(1200, "jpy", "1200"), (1200, "usd", "12.00"), (1200, "kwd", "1.200")]
)
def test_decimals_are_the_currencys_own(amount: int, currency: str, written: str) -> None:
    assert money.decimal_text(amount, currency) == written
