"""`accrual demo`: the first thing a newcomer runs."""

import re
import signal
import subprocess
import tempfile
from pathlib import Path

from typer.testing import CliRunner

from app.cli.main import app
from app.runtime import http_client

from .test_up import ACCRUAL, NONE_OF_OURS, SMALL


def test_kept_demo_prints_the_ledger_and_links_that_sign_in_and_ends_without_leaving_files(tmp_path: Path) -> None:
    before = rooms()
    command = [*ACCRUAL, "demo", "--keep"]
    demo = subprocess.Popen(command, env=SMALL, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        lines = read_until_links(demo)
        pages = [http_client.call("GET", line) for line in lines if "/login/" in line]
    finally:
        demo.send_signal(signal.SIGINT)
        _, problems = demo.communicate(timeout=60)
    assert demo.returncode == 0, problems
    assert [(status, "Sign in" in page) for status, page in pages] == [(200, True), (200, True)]
    printed = "".join(lines)
    outcomes = re.findall(r"(\w+): [A-Z]", printed.partition("The ledger")[0])
    assert (outcomes.count("accrued"), outcomes.count("adjusted")) == (3, 1)
    ledger = printed.partition("The ledger")[2].partition("The newest commission")[0]
    assert re.findall(r"partner_accrued +(-?\d+\.\d\d) USD", ledger) == ["-9.80", "-9.80", "-9.80", "4.90"]
    assert "4.90 USD" in printed.partition("The newest commission")[2]
    assert list(tmp_path.iterdir()) == []
    assert rooms() <= before


def read_until_links(demo: subprocess.Popen[str]) -> list[str]:
    """What is printed up to the last link."""
    assert demo.stdout is not None
    lines: list[str] = []
    while sum("/login/" in line for line in lines) < 2:
        line = demo.stdout.readline()
        assert line, lines
        lines.append(line)
    return lines


def test_example_is_not_made_in_a_directory_that_has_files(tmp_path: Path) -> None:
    (tmp_path / "settings.env").touch()
    refused = CliRunner(env=NONE_OF_OURS).invoke(app, ["demo", "--keep", "--data-dir", str(tmp_path)])
    assert refused.exit_code == 1
    assert "makes its example in a new data directory" in str(refused.exception)


def rooms() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("accrual-demo-*"))
