"""What a command loads: `--help` nothing heavy, a command that only shows something neither servers nor the queue."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from .conftest import Accrual

RUN: Final = """
import json, sys
from app.cli.main import main
heavy, *command = sys.argv[1:]
sys.argv[1:] = command
try:
    main()
finally:
    print(json.dumps([name for name in heavy.split() if name in sys.modules]), file=sys.stderr)
"""
HELP_OF_ALL: Final = """
import json, sys
from typer.testing import CliRunner
from typer.main import get_command
from app.cli.main import app

def paths(command, path):
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from paths(inner, [*path, name])

loaded = {}
for path in paths(get_command(app), []):
    done = CliRunner().invoke(app, [*path, "--help"])
    assert done.exit_code == 0 and "Usage" in done.stdout, path
    loaded[" ".join(path)] = [name for name in sys.argv[1].split() if name in sys.modules]
print(json.dumps(loaded))
"""
SERVERS: Final = (
    "alembic app.http app.rest app.pages app.web flask flask_openapi3 gunicorn limits pgserver "
    "prometheus_client redis rq stripe werkzeug worker"
)
TABLES: Final = "app.config app.currencies app.db app.logs cryptography psycopg rich sqlalchemy structlog"
"""Pydantic is not in the list: Typer reads options with it."""


def test_help_of_every_command_loads_neither_tables_nor_servers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HELP_OF_ALL, f"{SERVERS} {TABLES}"], check=True, capture_output=True, text=True
    )
    loaded = json.loads(done.stdout)
    assert len(loaded) > 40
    assert {command: names for command, names in loaded.items() if names} == {}


def test_the_installed_command_loads_no_more_for_its_help() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, f"{SERVERS} {TABLES}", "--help"], check=True, capture_output=True, text=True
    )
    assert json.loads(done.stderr.splitlines()[-1]) == []


def test_a_command_that_only_shows_loads_neither_servers_nor_the_queue(accrual: Accrual, tmp_path: Path) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    for command in ("programs list", "balances", "events list"):
        done = subprocess.run(
            [sys.executable, "-c", RUN, SERVERS, *command.split(), "--data-dir", str(tmp_path)],
            check=True,
            capture_output=True,
            text=True,
        )
        assert json.loads(done.stderr.splitlines()[-1]) == [], command
