"""Which version is installed, and what a migration did."""

from importlib import metadata

from alembic import command
from typer.testing import CliRunner

from app import config
from app.cli.main import app
from app.runtime import schema, schema_version

from .conftest import Accrual


def test_the_command_prints_its_version() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.stdout) == (0, f"accrual {metadata.version('accrual')}\n")


def test_migrate_says_what_it_applied_or_that_nothing_was_due(accrual: Accrual, settings: config.Settings) -> None:
    newest = schema_version.newest()
    assert accrual("migrate") == {"applied": [], "schema": newest}
    assert (
        f"Nothing to do: the database has the newest schema, {newest}."
        in accrual("migrate", json_expected=False).stdout
    )
    command.downgrade(schema.alembic_config(settings.database_url), "-1")
    [applied] = accrual("migrate")["applied"]
    assert applied.startswith(f"{newest}: ")
