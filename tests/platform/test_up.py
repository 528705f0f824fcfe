"""`accrual up`: one command, everything runs; one signal, nothing does."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psycopg
import pytest
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from app import settings_files
from app.cli.demo.story import Story
from app.cli.main import app
from app.config import Settings
from app.errors import ConfigurationError
from app.runtime import stack

from .conftest import reset_logging

ACCRUAL = [sys.executable, "-c", "from app.cli.main import main; main()"]
OURS = {name for field in Settings.model_fields for name in (field.upper(), f"ACCRUAL_{field.upper()}")}
CLEAN = {name: value for name, value in os.environ.items() if name not in OURS}
NONE_OF_OURS = dict.fromkeys(OURS)
SMALL = CLEAN | {"ACCRUAL_WEB_WORKERS": "1", "ACCRUAL_WORKERS": "1"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def accrual(*arguments: str, data_dir: Path) -> Any:
    """What a command prints as JSON."""
    done = CliRunner(env=NONE_OF_OURS).invoke(app, [*arguments, "--data-dir", str(data_dir), "--json"])
    reset_logging()
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


class Up:
    """A running `accrual up`."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.data_dir = data_dir
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        command = [*ACCRUAL, "up", "--port", str(self.port), "--data-dir", str(data_dir), *options]
        self.errors = (data_dir / "errors.log").open("w")
        self.process = subprocess.Popen(command, env=SMALL, stdout=subprocess.PIPE, stderr=self.errors, text=True)

    def first_line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()

    def descendants(self) -> list[int]:
        found: list[int] = []
        unread = [self.process.pid]
        while unread:
            children = Path(f"/proc/{(pid := unread.pop())}/task/{pid}/children").read_text().split()
            found += map(int, children)
            unread += map(int, children)
        return found

    def end(self, number: signal.Signals) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
            self.process.communicate(timeout=60)
        self.errors.close()
        return self.process.returncode


def is_alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture(scope="module")
def running() -> Iterator[Up]:
    """One that several tests look at; the last of them stops it."""
    with tempfile.TemporaryDirectory(prefix="accrual-up-") as directory:
        up = Up(Path(directory), "--mcp")
        yield up
        up.end(signal.SIGTERM)


def test_up_prints_ready_once_it_serves(running: Up) -> None:
    assert running.first_line() == f"ready http://127.0.0.1:{running.port}\n"
    assert running.first_line() == f"mcp http://127.0.0.1:{running.port + 1}/mcp\n"
    with urlopen(f"http://127.0.0.1:{running.port}/readyz") as answer:
        assert answer.status == 200


def test_up_serves_agents_beside_it(running: Up) -> None:
    asked = Request(
        f"http://127.0.0.1:{running.port + 1}/mcp",
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode(),
        {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"},
    )
    with urlopen(asked) as answer:  # noqa: S310 - our own server
        assert [tool["name"] for tool in json.load(answer)["result"]["tools"]] == ["affiliate_signup"]


def test_each_process_gets_its_own_login_and_no_serving_process_the_owners(running: Up) -> None:
    owner = settings_files.owner_url(running.data_dir)
    assert owner is not None
    assert (running.data_dir / settings_files.OWNER_FILE).stat().st_mode & 0o077 == 0
    worker = settings_files.read(running.data_dir)["DATABASE_URL"]
    environments = {
        pid: Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0") for pid in running.descendants()
    }
    for environment in environments.values():
        assert not any(owner in line or settings_files.MIGRATE_URL in line for line in environment)
    [web] = {line for lines in environments.values() for line in lines if line.startswith("DATABASE_URL=")}
    assert make_url(web.partition("=")[2]).username == "accrual_web"
    assert make_url(worker).username == "accrual_worker"
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(owner.replace("+psycopg", "").replace(make_url(owner).password or "", "guessed"))


def test_bootstrap_works_beside_it_and_samples_are_sent_with_fresh_ids_and_settled(running: Up, tmp_path: Path) -> None:
    made = accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com", data_dir=running.data_dir)
    assert made["webhook_url"].startswith(f"http://127.0.0.1:{running.port}/webhooks/stripe/whe_")
    events = [event for _, event in Story("nobody", datetime(2026, 3, 2, tzinfo=UTC)).events()]
    sample = tmp_path / "story.json"
    sample.write_text(json.dumps(events))
    rows = [row for _ in range(2) for row in accrual("send", str(sample), "--wait", "30", data_dir=running.data_dir)]
    assert {row["status"] for row in rows} == {200}
    assert all(row["outcome"] for row in rows)
    assert len({row["id"] for row in rows}) == 2 * len(events)


def test_second_up_on_the_same_directory_is_refused(running: Up) -> None:
    with pytest.raises(ConfigurationError, match="already running"), stack.serve(running.data_dir, stack.free_port()):
        pass


def test_taken_port_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refusal = rf"port {port} cannot be used \(Address already in use\); choose another with --port"
        with pytest.raises(ConfigurationError, match=refusal), stack.serve(tmp_path, port):
            pass


@pytest.mark.parametrize("command", ["up", "demo"])
@pytest.mark.parametrize("port", ["0", "-1", "65536"])
def test_number_that_is_no_port_is_refused(tmp_path: Path, command: str, port: str) -> None:
    refused = CliRunner(env=NONE_OF_OURS).invoke(app, [command, "--port", port, "--data-dir", str(tmp_path)])
    assert (refused.exit_code, "Invalid value for '--port'" in refused.output) == (2, True)


def test_one_signal_stops_every_process(running: Up) -> None:
    descendants = running.descendants()
    assert len(descendants) > 5  # Postgres and its own, Valkey, Gunicorn and its worker, our worker, the clock
    assert running.end(signal.SIGINT) == 0
    assert [pid for pid in descendants if is_alive(pid)] == []


def test_killing_up_ends_every_process() -> None:
    with tempfile.TemporaryDirectory(prefix="accrual-up-", ignore_cleanup_errors=True) as directory:
        up = Up(Path(directory))
        up.first_line()
        descendants = up.descendants()
        assert up.end(signal.SIGKILL) == -signal.SIGKILL
        deadline = time.monotonic() + 60
        while left := [pid for pid in descendants if is_alive(pid)]:
            assert time.monotonic() < deadline, left
            time.sleep(0.05)
