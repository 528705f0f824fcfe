"""The `accrual` command on a test's database."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from app import config, settings_files
from app.cli.main import app
from app.errors import AccrualError

Accrual = Callable[..., Any]


@pytest.fixture
def accrual(settings: config.Settings, tmp_path: Path) -> Iterator[Accrual]:
    """Run a command on the test's database: what it printed as JSON, or its exception."""
    values = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    values |= {"ACCRUAL_SECRET_KEY": settings.secret_key.get_secret_value(), "ACCRUAL_STRIPE_LIVEMODE": "false"}
    values |= {"ACCRUAL_PAYOUTS_LIVE": str(settings.payouts_live)}
    settings_files.store(tmp_path, values)

    def accrual(*arguments: str, json_expected: bool = True) -> Any:
        command = [*arguments, "--data-dir", str(tmp_path), *(["--json"] if json_expected else [])]
        done = CliRunner().invoke(app, command)
        if isinstance(done.exception, AccrualError):
            raise done.exception
        return json.loads(done.stdout) if json_expected else done

    yield accrual
    reset_logging()


def reset_logging() -> None:
    """Undo what a command that ran in this process configured."""
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()
