"""The receiver as Gunicorn serves it, in processes of its own."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from app.config import Settings
from app.runtime import processes
from tests.stripe_stories.signing import signature_header

from .conftest import Endpoint

PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Web:
    """A running web server and the log of its processes."""

    port: int
    log: Path

    def exchange(self, head: str, *body: bytes) -> bytes:
        """Send raw bytes and give all that comes back until the server hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(head.replace("\n", "\r\n").encode("latin-1") + b"".join(body))
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        return received


@contextmanager
def serve(settings: Settings, log: Path) -> Iterator[Web]:
    """Gunicorn with one process, on a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--config", "python:app.gunicorn_settings"]
    command += ["--bind", f"127.0.0.1:{port}", "app.web:create_app()"]
    process = processes.start(command, log=log, env=environment(settings))
    assert processes.await_answer(process, lambda: answers(port), seconds=PATIENCE_SECONDS), log.read_text()
    yield Web(port, log)
    processes.stop(process, seconds=PATIENCE_SECONDS)


def environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "ACCRUAL_SECRET_KEY": settings.secret_key.get_secret_value(),
        "ACCRUAL_DATA_DIR": str(settings.data_dir),
        "ACCRUAL_STRIPE_WEBHOOK_SECRETS": "",
        "ACCRUAL_LOG_FORMAT": "json",
        "ACCRUAL_LOG_LEVEL": "debug",
        "ACCRUAL_WEB_WORKERS": "1",
    }


def answers(port: int) -> bool:
    try:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False


def head(endpoint: Endpoint, body: bytes, *lines: str, path: str = "") -> str:
    """The head of a signed request that closes the connection."""
    signature = signature_header(body, *endpoint.secrets)
    fixed = [f"POST {path or endpoint.path} HTTP/1.1", "Host: shop.example", f"Stripe-Signature: {signature}"]
    return "\n".join([*fixed, "Connection: close", *lines, "", ""])


def chunk(part: bytes) -> bytes:
    return f"{len(part):x}\r\n".encode() + part + b"\r\n"
