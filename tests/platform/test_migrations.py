"""The schema: one line of migrations, equal to the models, and every migration can be reversed."""

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from app.runtime import schema, schema_version
from tests.servers import Servers


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
