"""A web process killed in the middle of a POST: the retry under the same Idempotency-Key does it, or repeats it."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from app import db
from app.config import Settings

from .conftest import Caller

# One request is served; `moment` says when in it the process kills itself.
SERVER = """
import os, signal, sys
from werkzeug.serving import make_server
from app import web
from app.organizations import stored_responses

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def keep_and_die(*arguments, keep=stored_responses.insert_response, **options):
    keep(*arguments, **options)
    die()

application = web.create_app()
if sys.argv[1] == "before the commit":
    stored_responses.insert_response = keep_and_die
else:
    application.after_request(die)
server = make_server("127.0.0.1", 0, application)
print(server.server_port, flush=True)
server.serve_forever()
"""
ZOE = {"email": "zoe@example.com", "slug": "zoe"}
KEY = {"Idempotency-Key": "k-1"}

Start = Callable[[str], int]


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Start a server that kills itself at a moment; gives its port."""
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url.replace("postgresql+psycopg", "postgresql"),
        "REDIS_URL": settings.redis_url,
        "ACCRUAL_SECRET_KEY": settings.secret_key.get_secret_value(),
        "ACCRUAL_DATA_DIR": str(settings.data_dir),
    }
    started: list[subprocess.Popen[str]] = []

    def start(moment: str) -> int:
        command = [sys.executable, "-c", SERVER, moment]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        return int(process.stdout.readline())

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("moment", "was_done"), [("before the commit", False), ("before the answer", True)])
def test_a_retry_after_a_kill_does_it_exactly_once(owner: Caller, start: Start, moment: str, was_done: bool) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", start(moment), timeout=30)
    headers = {"Authorization": f"Bearer {owner.key}", "Content-Type": "application/json", **KEY}
    connection.request("POST", "/api/v1/partners", json.dumps(ZOE), headers)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        connection.getresponse()
    connection.close()
    assert _partners() == int(was_done)

    retry = owner.call("POST", "/api/v1/partners", json=ZOE, extra=KEY)
    assert (retry.status_code, retry.json["slug"]) == (201, "zoe")
    assert (retry.headers.get("Idempotent-Replayed") == "true") is was_done
    assert _partners() == 1


def _partners() -> int:
    with db.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM partners WHERE slug = 'zoe'")) or 0
