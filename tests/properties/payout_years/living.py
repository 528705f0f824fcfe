"""Opens a random year, and lets things happen in it."""

import random
from collections.abc import Callable

from tests.cast import Merchant
from tests.conftest import Deliver, Drain

from . import payouts, sales
from .rows import compare
from .shop import open_shop
from .year import Year


def open_year(chance: random.Random, merchant: Merchant, deliver: Deliver, drain: Drain) -> Year:
    """A shop with its partners, their methods, and a fee; nothing has happened yet."""
    return Year(chance, merchant, deliver, drain, open_shop(chance, merchant))


def live(year: Year, acts: int) -> None:
    """Let so many random things happen, and compare after each."""
    likely: dict[Callable[[Year], str | None], int] = {
        sales.sells: 6,
        sales.refunds: 3,
        sales.refund_fails: 1,
        sales.dispute_goes_on: 3,
        sales.decides: 6,
        payouts.pays_out: 3,
        payouts.confirms: 4,
        payouts.fails_or_cancels: 2,
        payouts.money_comes_back: 2,
        payouts.writes_off: 1,
        payouts.brings_in: 2,
        payouts.bans_or_lets_back: 1,
    }
    happened = 0
    while happened < acts:
        [act] = year.chance.choices(list(likely), list(likely.values()))
        words = act(year)
        if words is not None:
            year.plot.append(words)
            compare(year)
            happened += 1
