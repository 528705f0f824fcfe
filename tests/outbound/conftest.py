"""An Internet of this machine, and an authority that this process trusts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.outbound import calls

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
