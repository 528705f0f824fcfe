"""Money is conserved through random years of sales, returns, decisions, payouts, failures and write-offs."""

import random

import pytest

from app.config import Settings
from app.payouts.reserving import reservation
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Tally, assert_ledger_sound

from .payout_years.living import live, open_year

pytestmark = pytest.mark.proof

SAMPLE = (1, 100)
"""How many years, and how much happens in each."""
ALL = (12, 400)
LOOKS = 20
"""After so many acts everything is verified."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    years, acts = ALL if metafunc.config.getoption("--proofs") else SAMPLE
    metafunc.parametrize(("number", "acts"), [(number, acts) for number in range(years)])


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"payouts_live": True})


def test_every_cent_is_where_the_oracle_says_after_every_act(
    number: int,
    acts: int,
    merchant: Merchant,
    deliver: Deliver,
    drain: Drain,
    tally: Tally,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(reservation.reserve_batch.__kwdefaults__, "partners", 2)
    year = open_year(random.Random(number), merchant, deliver, drain)
    for _ in range(acts // LOOKS):
        live(year, LOOKS)
        assert_ledger_sound()
    tally("acts of years with payouts", acts)
