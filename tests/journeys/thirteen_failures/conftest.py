"""The emulated Stripe of the backfill's tests, for deliveries that get lost."""

import pytest

from tests.backfill.conftest import backfill, complete, receiving, shop, with_key
from tests.stripe_stories.families import OLD_AND_NEW, Family

__all__ = ["backfill", "complete", "receiving", "shop", "with_key"]


@pytest.fixture(params=OLD_AND_NEW, ids=lambda family: family.name)
def family(request: pytest.FixtureRequest) -> Family:
    """One shape of each side of the break of 2025; the journeys beside this folder use more."""
    return request.param
