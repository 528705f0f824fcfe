"""What people write into fields with several lines."""

import pytest

from app.errors import InvalidRequest
from app.pages.forms.programs import written

SPACES = " " * 19_000


def test_entries_may_have_any_number_of_spaces() -> None:
    assert written.tiers_of(f"10{SPACES}25") == [{"min_conversions": 10, "bps": 2500}]
    assert written.product_rates_of(f"prod_A :{SPACES}50 %") == [{"product": "prod_A", "bps": 5000}]
    assert written.minimums_of(f"usd{SPACES}50.00") == {"usd": 5000}


def test_a_line_of_spaces_is_refused_at_once() -> None:
    """Patterns that try every division of the spaces would take hours for this, while the process answers nothing."""
    with pytest.raises(InvalidRequest, match="minimum_payouts has the line 'usd x'"):
        written.minimums_of(f"usd{SPACES}x")
    with pytest.raises(InvalidRequest, match="tiers has the line"):
        written.tiers_of(f"1{SPACES}x")
    with pytest.raises(InvalidRequest, match="product_rates has the line"):
        written.product_rates_of(f"x{SPACES}!")
