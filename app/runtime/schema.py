"""Schema migrations: upgrades a database with Alembic."""

from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationInfo
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL

from app.runtime.schema_version import MIGRATIONS


def alembic_config(database_url: str | URL | None = None) -> Config:
    """Alembic's configuration, without an ini file. `database_url` has the login that migrates."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    config.attributes["database_url"] = database_url
    return config


def migrate(database_url: str | URL) -> list[str]:
    """Upgrade the database to the newest schema with the role of the login. Does nothing if it has it already.

    Returns:
        The applied migrations in order, each as `revision: title`.
    """
    applied: list[str] = []
    config = alembic_config(database_url)
    scripts = ScriptDirectory.from_config(config)

    def note(*, step: MigrationInfo, **_: Any) -> None:
        applied.extend(f"{revision}: {scripts.get_revision(revision).doc}" for revision in step.up_revision_ids)

    config.attributes["on_version_apply"] = note
    command.upgrade(config, "head")
    return applied
