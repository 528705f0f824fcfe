"""HTTP servers of this machine that receive webhooks, and behave as badly as a test wants."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request that arrived completely."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[["Handler"], None]


def accept(handler: "Handler") -> None:
    handler.answer(200, b"ok")


def refuse(status: int, body: bytes = b"no", **headers: str) -> Behaviour:
    """Answers with this status."""
    return lambda handler: handler.answer(status, body, **headers)


def hang(handler: "Handler") -> None:
    """Answers nothing until the receiver is closed."""
    handler.receiver.closing.wait()


def drip(handler: "Handler") -> None:
    """Answers a header line every tenth of a second, without an end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.receiver.closing.wait(0.1):
        handler.wfile.write(b"X-More: yes\r\n")
        handler.wfile.flush()


def drip_body(handler: "Handler") -> None:
    """Answers at once, with a body that comes slowly and states no length."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not handler.receiver.closing.wait(0.1):
        handler.wfile.write(b"x")
        handler.wfile.flush()


def endless(handler: "Handler") -> None:
    """Answers with a body that does not end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not handler.receiver.closing.is_set():
        handler.wfile.write(b"x" * 65_536)


def babble(handler: "Handler") -> None:
    """Answers something that is not HTTP."""
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")


@dataclass
class Receiver:
    """A receiver that runs: its port, what it got, and what it does with the next requests.

    `first` are the behaviours of the first requests, one each; `then` is that of all further ones.
    """

    port: int
    then: Behaviour = accept
    first: list[Behaviour] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def next_behaviour(self) -> Behaviour:
        with self.lock:
            return self.first.pop(0) if self.first else self.then


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    receiver: Receiver

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no fault here."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def receiver(self) -> Receiver:
        assert isinstance(self.server, _Server)
        return self.server.receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        behaviour = self.receiver.next_behaviour()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.receiver.received.append(Received(self.command, self.path, headers, body))
        self.close_connection = True
        with suppress(OSError):
            behaviour(self)

    def do_GET(self) -> None:
        self.do_POST()

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def receiving(
    *first: Behaviour, then: Behaviour = accept, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[Receiver]:
    """A receiver that runs meanwhile."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kind = type("_Bound", (_Server,), {"address_family": family})
    with kind((host, 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.receiver = Receiver(server.server_address[1], then, list(first))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server.receiver
        server.receiver.closing.set()
        server.shutdown()


@contextmanager
def unanswering() -> Iterator[int]:
    """The port of a listener that accepts connections and never reads from them, as a handshake needs."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield int(listener.getsockname()[1])
