"""The schema's version: bring a database to it, ask whether it is there."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.engine import URL

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(database_url: str | URL | None = None) -> Config:
    """Alembic's settings, without an ini file. `database_url` is whose owner migrates."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    config.attributes["database_url"] = database_url
    return config


def migrate(database_url: str | URL) -> list[str]:
    """Bring the database to the newest schema, as the login's own role. Does nothing when it is there.

    Returns:
        What was applied, in order: each revision's id and what it is about.
    """
    applied: list[str] = []
    config = alembic_config(database_url)
    scripts = ScriptDirectory.from_config(config)

    def note(*, step: MigrationInfo, **_: Any) -> None:
        applied.extend(f"{revision}: {scripts.get_revision(revision).doc}" for revision in step.up_revision_ids)

    config.attributes["on_version_apply"] = note
    command.upgrade(config, "head")
    return applied


def newest() -> str:
    """The id of the newest schema this version knows."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


def is_current(connection: Connection) -> bool:
    """Whether the database stands at the newest schema."""
    return MigrationContext.configure(connection).get_current_revision() == newest()
