"""`accrual send`: what it says of a file or a server that it cannot use."""

import socket
from pathlib import Path

import pytest

from app.cli.stripe import send
from app.errors import InvalidRequest, Unavailable
from app.runtime import http_client


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
