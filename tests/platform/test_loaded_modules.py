"""What is loaded: nothing heavy by `--help`, no server by a command that only shows, its own part by a process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from app import config

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
    "alembic app.http app.mcp app.rest app.pages app.web flask flask_openapi3 gunicorn limits mcp pgserver "
    "prometheus_client redis rq starlette stripe uvicorn werkzeug worker"
)
TABLES: Final = "app.config app.currencies app.db app.logs cryptography psycopg rich sqlalchemy structlog"
"""Pydantic is not in the list: Typer reads options with it."""

SERVES_NO_REQUEST: Final = (
    "PIL alembic app.cli app.http app.mcp app.pages app.rest cryptography.fernet flask flask_openapi3 gunicorn jinja2 "
    "limits mcp starlette uvicorn "
    "requests standardwebhooks stripe text_unidecode typer urllib3 werkzeug"
)
PROCESSES: Final = {
    "app.gunicorn_settings": (
        "alembic app.cli app.mcp mako mcp requests starlette stripe text_unidecode typer uvicorn worker"
    ),
    "worker.__main__": SERVES_NO_REQUEST,
    "worker.schedule": SERVES_NO_REQUEST,
    "app.mcp.http": "alembic app.cli app.http app.pages flask flask_openapi3 gunicorn jinja2 mako stripe worker",
}
"""By the module that a process begins with, what it must not load: each takes megabytes and a part of its start."""


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


@pytest.mark.parametrize("module", PROCESSES)
def test_a_process_loads_only_what_it_serves(module: str, settings: config.Settings) -> None:
    code = f"import json, sys, {module}; print(json.dumps([name for name in sys.argv[1:] if name in sys.modules]))"
    environment = os.environ | {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    environment |= {"ACCRUAL_SECRET_KEY": settings.secret_key.get_secret_value()}
    done = subprocess.run(
        [sys.executable, "-c", code, *PROCESSES[module].split()],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert json.loads(done.stdout) == []


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
