"""What people write into fields with several lines."""

import pytest
from pydantic import TypeAdapter, ValidationError

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


def test_a_rate_may_have_a_decimal_comma() -> None:
    percent = TypeAdapter(written.Percent)
    assert [written.bps_of(percent.validate_python(text)) for text in ("12,5", "12.5", "0,25", "100")] == [
        *(1250, 1250, 25, 10_000)
    ]
    for text in ("1.234,5", "12,,5", "1,234", "100,5"):
        with pytest.raises(ValidationError):
            percent.validate_python(text)
