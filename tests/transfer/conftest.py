"""A lively shop that is exported, and the same installation without a row, as after the loss of its disk."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app import config, db
from app.config import Settings
from app.organizations.actors import CLI
from app.transfer.exports.reading import Archive
from app.transfer.exports.restoring import restore
from tests.api.conftest import Caller, MakeCaller, caller_of
from tests.cast import Merchant
from tests.ledger_clock import LedgerClock, ledger_clock
from tests.payouts.till import Till
from tests.servers import Servers

from .archives import NOW

__all__ = ["caller_of"]
Lose = Callable[[], None]
Restore = Callable[..., None]


@pytest.fixture
def settings(any_settings: Settings, database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """As everywhere, with payouts switched on."""
    changes = {"database_url": database_url, "redis_url": redis_url, "data_dir": tmp_path, "payouts_live": True}
    return any_settings.model_copy(update=changes)


@pytest.fixture
def owner(merchant: Merchant, caller_of: MakeCaller) -> Caller:
    return caller_of(merchant)


@pytest.fixture
def till(owner: Caller, merchant: Merchant) -> Till:
    return Till(owner, merchant)


@pytest.fixture
def clock(servers: Servers, database_url: str, merchant: Merchant) -> Iterator[LedgerClock]:
    """The ledger's clock, in a program that is older than any of these stories."""
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET created_at = '2026-04-15T00:00:00Z'"))
    with ledger_clock(servers, database_url) as clock:
        yield clock


@pytest.fixture
def lose_everything(servers: Servers, database_url: str) -> Lose:
    """Delete every row of the installation."""

    def lose() -> None:
        with servers.superuser(make_url(database_url).database or "") as superuser:
            servers.delete_rows(superuser)

    return lose


@pytest.fixture
def restored(settings: Settings) -> Restore:
    """Restore an archive, with the login of the database's owner as the command does."""

    def run(archive: bytes, passphrase: str | None = None) -> None:
        owner = db.create(config.migrate_url(settings), role=None, pool_size=1)
        with Archive.opened(BytesIO(archive)) as opened, db.Session(owner) as session, session.begin():
            restore(session, CLI, opened, settings, at=NOW, passphrase=passphrase)
        owner.dispose()

    return run
