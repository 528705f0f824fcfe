"""A shop that may pay out, and agents with and without keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import db
from app.config import Settings
from app.organizations import keys
from tests.api.conftest import Caller, MakeCaller, caller_of
from tests.cast import Merchant, open_merchant

from .agents import Agents, serving

__all__ = ["caller_of"]


@pytest.fixture
def settings(any_settings: Settings, database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """As everywhere, with payouts switched on."""
    changes = {"database_url": database_url, "redis_url": redis_url, "data_dir": tmp_path, "payouts_live": True}
    return any_settings.model_copy(update=changes)


@pytest.fixture
def owner(merchant: Merchant, caller_of: MakeCaller) -> Caller:
    return caller_of(merchant)


@pytest.fixture
def stranger(application: Flask, caller_of: MakeCaller) -> Caller:
    """Another shop, with a manage key."""
    with db.transaction() as session:
        elsewhere = open_merchant(session, "Elsewhere")
    return caller_of(elsewhere)


@pytest.fixture
def agents(application: Flask, settings: Settings) -> Agents:
    """Agents in this process, without a handshake."""
    return Agents(settings, "memory")


@pytest.fixture
def url(application: Flask, settings: Settings) -> Iterator[str]:
    """The address of the server over HTTP."""
    with serving(settings) as url:
        yield url


def key_of(merchant: Merchant, level: str, *scopes: str) -> str:
    with db.transaction() as session:
        return keys.create_key(session, merchant.organization_id, name="agent", level=level, scopes=scopes)[1]
