"""The schema's version: bring a database to it, ask whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.engine import URL

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def alembic_config(database_url: str | URL | None = None) -> Config:
    """Alembic's settings, without an ini file. `database_url` is whose owner migrates."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    config.attributes["database_url"] = database_url
    return config


def migrate(database_url: str | URL) -> None:
    """Bring the database to the newest schema, as the login's own role. Does nothing when it is there."""
    command.upgrade(alembic_config(database_url), "head")


def is_current(connection: Connection) -> bool:
    """Whether the database stands at the newest schema."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head
