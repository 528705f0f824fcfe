"""A shop that imports."""

from pathlib import Path

import pytest

from app.config import Settings
from tests.api.conftest import MakeCaller, caller_of
from tests.cast import Merchant

from .desk import Desk

__all__ = ["caller_of"]


@pytest.fixture
def settings(any_settings: Settings, database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """As everywhere, with payouts switched on."""
    changes = {"database_url": database_url, "redis_url": redis_url, "data_dir": tmp_path, "payouts_live": True}
    return any_settings.model_copy(update=changes)


@pytest.fixture
def desk(merchant: Merchant, caller_of: MakeCaller) -> Desk:
    return Desk(caller_of(merchant), merchant)
