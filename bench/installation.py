"""An installation of Accrual for the benchmarks, in a temporary directory, with the durability of production."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from app import config, db, ids, jobs, logs, metrics, settings_files
from app.cli.server import bootstrap
from app.cli.server.bootstrap import Bootstrapped
from app.errors import ConfigurationError
from app.partners import enrollment
from app.programs.programs import find_default_program
from app.runtime import embedded, schema, stack
from app.runtime.stack import Stack

CODE: Final = "ada"
"""The code of the partner whose customers pay in every benchmark."""
PARTNER: Final = "ada@example.com"
OWNER: Final = "shop@example.com"
UNLIMITED: Final = 1_000_000
"""Rate limit, requests per minute: the benchmark's client sends as many as thousands of clients would."""


@dataclass(frozen=True)
class Installation:
    """The settings of an installation, stored in its data directory, and its merchant."""

    settings: config.Settings
    merchant: Bootstrapped


@contextmanager
def installed() -> Iterator[Installation]:
    """Database and queue with a merchant and an active partner; everything is removed at the end of the block."""
    with _directory() as directory:
        servers = []
        try:
            servers.append(embedded.start_postgres(directory))
            servers.append(embedded.start_valkey(directory))
            _store_settings(directory)
            schema.migrate(embedded.owner_url(directory))
            yield _create_merchant(directory)
        finally:
            db.disconnect()
            for server in reversed(servers):
                server.stop()


@contextmanager
def running() -> Iterator[tuple[Installation, Stack, int]]:
    """As `installed`, with web, workers and clock, as `accrual up` starts them, and the port of web."""
    port = stack.free_port()
    with _directory() as directory, stack.serve(directory, port, log=directory / "accrual.log") as served:
        served.wait_until_ready()
        try:
            yield _create_merchant(directory), served, port
        finally:
            db.disconnect()


def connect(data_dir: Path) -> config.Settings:
    """Connect this process to the installation in `data_dir`."""
    settings = config.load(data_dir)
    logs.configure(settings.log_format, level="warning")
    db.connect(settings.database_url, pool_size=2)
    jobs.connect(settings.redis_url)
    metrics.connect(settings.redis_url)
    return settings


def libpq_url(settings: config.Settings) -> str:
    """The database's address for psycopg without SQLAlchemy, with the owner's login."""
    owner = make_url(embedded.owner_url(settings.data_dir))
    return owner.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def _directory() -> Iterator[Path]:
    """A temporary data directory without rate limits.

    Raises:
        ConfigurationError: the environment sets a database or queue, which the benchmark must not use.
    """
    for name in ("DATABASE_URL", "REDIS_URL"):
        if config.is_given(name):
            raise ConfigurationError(f"{name} is set, but benchmarks start their own servers; unset it")
    with tempfile.TemporaryDirectory(prefix="accrual-bench-", ignore_cleanup_errors=True) as temporary:
        # Links are limited by address, so the load generator is a trusted proxy and sends each visitor's address.
        unlimited = {"ACCRUAL_READS_PER_MINUTE": str(UNLIMITED), "ACCRUAL_TRUSTED_PROXIES": "127.0.0.0/8"}
        settings_files.store(Path(temporary), unlimited)
        yield Path(temporary)


def _store_settings(directory: Path) -> None:
    settings = {
        "DATABASE_URL": embedded.owner_url(directory),
        "REDIS_URL": embedded.valkey_url(directory),
        "ACCRUAL_SECRET_KEY": Fernet.generate_key().decode(),
        "ACCRUAL_STRIPE_LIVEMODE": "false",
    }
    settings_files.store(directory, settings)


def _create_merchant(directory: Path) -> Installation:
    """Create the merchant and its partner."""
    settings = connect(directory)
    with db.transaction() as session:
        merchant = bootstrap.make(session, settings, "Shop", OWNER)
        organization_id = ids.decode(merchant.organization_id, ids.ORGANIZATION)
        assert organization_id is not None
        program = find_default_program(session, organization_id)
        assert program is not None
        partner = enrollment.create_partner(session, program, email=PARTNER, slug=CODE)
        enrollment.change_status(session, partner, "active")
    return Installation(settings, merchant)
