"""Log lines: one shape, and nothing in them that must not be there."""

import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from app import logs


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()


def test_our_lines_and_a_librarys_have_one_shape(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    with structlog.contextvars.bound_contextvars(job_id="job-1"):
        structlog.get_logger("app.somewhere").info("entry_posted", amount_minor=980)
        logging.getLogger("gunicorn.error").warning("worker %s gone", 7)
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert ours.keys() - {"amount_minor"} == theirs.keys()
    assert (ours["event"], ours["amount_minor"], ours["job_id"]) == ("entry_posted", 980, "job-1")
    assert (theirs["event"], theirs["level"]) == ("worker 7 gone", "warning")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_secrets_payloads_and_local_variables_never_reach_a_line(
    capsys: pytest.CaptureFixture[str], log_format: Literal["json", "console"]
) -> None:
    logs.configure(log_format)
    log = structlog.get_logger("app.somewhere")
    log.info("thing_happened", **dict.fromkeys(logs.NEVER_LOGGED, "hush"))
    try:
        fail_with("hush")
    except ValueError:
        log.exception("thing_failed")
    written = capsys.readouterr().err
    assert written.count("hush") == written.count('fail_with("hush")')
    assert "ValueError" in written


def fail_with(payload: str) -> None:
    raise ValueError(len(payload))
