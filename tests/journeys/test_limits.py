"""Limits by the calendar, and shapes at fault: the arithmetic alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.commissions.cycles import caps
from app.commissions.cycles.caps import CyclePosition
from app.errors import InvalidRequest
from app.programs.shapes import shape_of, valid_commission
from app.sentences import outcomes

pytestmark = pytest.mark.usefixtures("only_codes_are_stored")


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]  # year, month, day and so on


@pytest.mark.parametrize(
    ("first", "months", "last_paid", "first_unpaid"),
    [
        # The 31st of January: of February there are 28 days, or 29.
        (at(2026, 1, 31, 12), 1, at(2026, 2, 28, 11, 59, 59), at(2026, 2, 28, 12)),
        (at(2028, 1, 31, 12), 1, at(2028, 2, 29, 11, 59, 59), at(2028, 2, 29, 12)),
        # In Auckland this payment is on 1 March. Stripe renews by UTC, on the 28th, and that is a month later.
        (at(2026, 2, 28, 18), 1, at(2026, 3, 28, 17, 59, 59), at(2026, 3, 28, 18)),
        # A leap day, a year and four years later.
        (at(2028, 2, 29), 12, at(2029, 2, 27, 23, 59, 59), at(2029, 2, 28)),
        (at(2028, 2, 29), 48, at(2032, 2, 28, 23, 59, 59), at(2032, 2, 29)),
        (at(2027, 2, 28), 12, at(2028, 2, 27, 23, 59, 59), at(2028, 2, 28)),
        (at(2026, 8, 31), 6, at(2027, 2, 27, 23, 59, 59), at(2027, 2, 28)),
        (at(2026, 12, 31, 23, 59, 59), 2, at(2027, 2, 28, 23, 59, 58), at(2027, 2, 28, 23, 59, 59)),
    ],
)
def test_months_end_on_the_same_day_or_the_months_last_in_utc(
    first: datetime, months: int, last_paid: datetime, first_unpaid: datetime
) -> None:
    commission = shape_of({"type": "percentage", "bps": 2000, "max_months": months})
    position = CyclePosition(1, first)
    assert caps.exceeded(commission, position, last_paid) == {}
    exceeded = caps.exceeded(commission, position, first_unpaid)
    assert exceeded == {"limit": "max_months", "most_months": months, "first_paid_at": first.isoformat()}
    assert outcomes.limit(exceeded).startswith(f"{months} month")


@pytest.mark.parametrize(
    ("commission", "position", "is_paid"),
    [
        ({"type": "flat", "amount_cents": 1}, CyclePosition(1), True),
        ({"type": "flat", "amount_cents": 1}, CyclePosition(2), False),
        ({"type": "flat", "amount_cents": 1}, CyclePosition(1, opens_cycle=False), False),
        ({"type": "flat", "amount_cents": 1, "max_cycles": 3}, CyclePosition(3), True),
        ({"type": "flat", "amount_cents": 1, "max_cycles": 3}, CyclePosition(4), False),
        ({"type": "flat", "amount_cents": 1, "max_cycles": 3}, CyclePosition(3, opens_cycle=False), False),
        ({"type": "percentage", "bps": 1}, CyclePosition(4, opens_cycle=False), True),
        (
            {"type": "tiered", "bps": 1, "tiers": [{"min_conversions": 9, "bps": 2}], "max_cycles": 3},
            CyclePosition(4),
            False,
        ),
    ],
)
def test_a_flat_amount_is_paid_once_for_the_first_cycle_by_default(
    commission: dict[str, Any], position: CyclePosition, is_paid: bool
) -> None:
    assert (caps.exceeded(shape_of(commission), position, at(2026, 3, 2)) == {}) is is_paid


@pytest.mark.parametrize(
    ("commission", "param"),
    [
        ({"type": "flat", "amount_cents": 0}, "commission.amount_cents"),
        ({"type": "flat", "bps": 1}, "commission.amount_cents"),
        ({"type": "flat", "amount_cents": 500, "max_cycles": 0}, "commission.max_cycles"),
        ({"type": "tiered", "bps": 1000, "tiers": []}, "commission.tiers"),
        (
            {"type": "tiered", "bps": 1000, "tiers": [{"min_conversions": 0, "bps": 1}]},
            "commission.tiers.0.min_conversions",
        ),
        ({"type": "tiered", "bps": 1000, "tiers": [{"min_conversions": 1, "bps": 10_001}]}, "commission.tiers.0.bps"),
        (
            {"type": "tiered", "bps": 1, "tiers": [{"min_conversions": 2, "bps": 2}, {"min_conversions": 1, "bps": 3}]},
            "commission.tiers",
        ),
        ({"type": "recurring", "bps": 1000}, "commission.max_cycles"),
        ({"type": "percentage", "bps": 1000, "max_months": 1.5}, "commission.max_months"),
        (
            {"type": "flat", "amount_cents": 1, "product_rates": [{"product": "prod_1"}]},
            "commission.product_rates.0",
        ),
        ({"type": "gift"}, "commission.type"),
    ],
)
def test_a_shape_at_fault_is_refused_by_its_field(commission: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        valid_commission(commission)
    assert refused.value.param == param


@pytest.mark.parametrize(
    "commission",
    [
        {"type": "flat", "amount_cents": 5000, "max_cycles": 3, "max_months": 6},
        {
            "type": "tiered",
            "bps": 0,
            "tiers": [{"min_conversions": 1, "bps": 0}, {"min_conversions": 2, "bps": 10_000}],
        },
        {"type": "flat", "amount_cents": 1, "product_rates": [{"product": "prod_1", "excluded": True}]},
    ],
)
def test_valid_ladder_is_stored_as_sent(commission: dict[str, Any]) -> None:
    stored = valid_commission(commission)
    assert {name: value for name, value in stored.items() if name != "product_rates"} == {
        name: value for name, value in commission.items() if name != "product_rates"
    }
