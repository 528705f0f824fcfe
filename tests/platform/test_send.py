"""`accrual send`: what it says of a file or a server that it cannot use, and of events that no worker processes."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from app.cli.stripe import send
from app.errors import InvalidRequest, Unavailable
from app.runtime import http_client

from .conftest import Accrual


def test_a_file_that_is_not_json_is_named(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("# Accrual")
    with pytest.raises(InvalidRequest, match=r"README.md is not JSON; give a file with a Stripe event"):
        send.read_events(file)
    with pytest.raises(InvalidRequest, match=r"missing.json cannot be read: No such file or directory$"):
        send.read_events(tmp_path / "missing.json")


def test_a_server_that_does_not_answer_may_not_be_running() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/webhooks/stripe"
        with pytest.raises(Unavailable, match=r"Connection refused\)\. Is `accrual up` running there\?$"):
            http_client.call("POST", url, b"{}")


class _Accepting(BaseHTTPRequestHandler):
    """Answers every delivery 200."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Write nothing."""


@pytest.fixture
def accepting() -> Iterator[str]:
    """The address of a server that accepts deliveries and processes none."""
    with HTTPServer(("127.0.0.1", 0), _Accepting) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/webhooks/stripe"
        server.shutdown()
        serving.join()


def test_events_without_an_outcome_are_reported_beside_the_list(
    accrual: Accrual, accepting: str, tmp_path: Path
) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"id": "evt_1", "object": "event", "type": "customer.created", "data": {"object": {}}}))
    to = ("--url", accepting, "--secret", "whsec_1")
    sent = accrual("send", str(file), *to, "--wait", "0.1", json_expected=False)
    assert (sent.exit_code, "the event was accepted and has no outcome after 0.1 s" in sent.stderr) == (0, True)
    assert not accrual("send", str(file), *to, "--wait", "0", json_expected=False).stderr
