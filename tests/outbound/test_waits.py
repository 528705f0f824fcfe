"""When a failed delivery is tried again."""

import pytest

from app.outbox import waits

MINUTE, HOUR = 60, 3600


def test_waits_grow_from_five_seconds_to_a_day_and_then_end() -> None:
    waited = [waits.seconds_after(failures, chance=0.5) for failures in range(1, 11)]
    assert waited == [
        *(5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR),
        None,
    ]


@pytest.mark.parametrize(("chance", "seconds"), [(0, 4.5), (0.5, 5), (1, 5.5)])
def test_a_wait_is_a_tenth_shorter_or_longer_by_chance(chance: float, seconds: float) -> None:
    assert waits.seconds_after(1, chance=chance) == pytest.approx(seconds)
