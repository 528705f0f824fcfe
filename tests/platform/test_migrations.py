"""The schema: one line of migrations, equal to the models, and every step can be taken back."""

from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from app.runtime import schema, schema_version
from tests.servers import Servers

# What was there when a migration moved it, written without the models, which have only today's tables.
_A_REFUND = """
    INSERT INTO stripe_objects (organization_id, account, livemode, id, kind, root)
    VALUES ('00000000-0000-7000-8000-000000000001', '', false, 'ch_1', 'charge', 'in_1');
    INSERT INTO refunds (organization_id, account, livemode, id, charge, amount_minor, currency, status, stated_at)
    VALUES ('00000000-0000-7000-8000-000000000001', '', false, 're_1', 'ch_1', 1000, 'usd', 'failed', now())
"""


@pytest.fixture
def empty_database_url(servers: Servers) -> Iterator[str]:
    name = "migrated_by_hand"
    servers.administer("CREATE DATABASE {}", name)
    yield servers.database_url(name)
    servers.administer("DROP DATABASE {} WITH (FORCE)", name)


def test_migrations_have_one_head_which_is_also_found_without_alembic() -> None:
    assert ScriptDirectory.from_config(schema.alembic_config()).get_heads() == [schema_version.newest()]


def test_database_without_tables_has_not_the_newest_schema(empty_database_url: str) -> None:
    with create_engine(empty_database_url).connect() as connection:
        assert not schema_version.is_current(connection)


def test_the_models_are_what_the_migrations_make(database_url: str) -> None:
    command.check(schema.alembic_config(database_url))


def test_every_migration_can_be_taken_back_and_made_again(empty_database_url: str) -> None:
    config = schema.alembic_config(empty_database_url)
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


def test_refunds_known_before_are_known_after(empty_database_url: str) -> None:
    config = schema.alembic_config(empty_database_url)
    address = make_url(empty_database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    command.upgrade(config, "payload_storage")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(_A_REFUND)
        command.upgrade(config, "what_came_back")
        row = connection.execute("SELECT root, facts FROM stripe_objects WHERE id = 're_1'").fetchone()
        assert row == ("in_1", {"amount": 1000, "charge": "ch_1", "currency": "usd", "status": "failed"})
        command.downgrade(config, "payload_storage")
        row = connection.execute("SELECT charge, amount_minor, status FROM refunds").fetchone()
        assert row == ("ch_1", 1000, "failed")
