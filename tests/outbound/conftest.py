"""An Internet of this machine, and an authority that this process trusts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import Settings
from tests.cast import Merchant
from worker.outbound import calls

from .desk import Desk
from .internet import Authority, Internet, authority


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> Internet:
    return Internet(monkeypatch)


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Authority]:
    made = authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    calls.trusted_authorities.cache_clear()
    yield made
    calls.trusted_authorities.cache_clear()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request has half a second and not ten."""
    monkeypatch.setattr(calls, "LIMIT_SECONDS", 0.5)


@pytest.fixture
def desk(merchant: Merchant, settings: Settings) -> Desk:
    return Desk(merchant, settings.model_copy(update={"outbound_allow_private": True}))
