"""The load generator: sends prepared requests over persistent connections, each after the answer to the last.

A single thread serves all connections, with two system calls for a request and little else, because it shares the
machine's cores with the servers it measures.
"""

import hashlib
import hmac
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

CONNECTIONS: Final = 16
"""More than the threads of both web processes (2 × 4 by default), so that no thread is idle."""
TIMEOUT_SECONDS: Final = 30
OK: Final = b"HTTP/1.1 200"


@dataclass(frozen=True)
class Run:
    """The result of a load; all `requests` were answered as expected."""

    requests: int
    seconds: float
    own_cpu_seconds: float
    """CPU time of the load generator; if it is near `seconds`, the load generator was the bottleneck."""
    milliseconds: Sequence[float]
    """For each request, the time from sending it to its complete answer."""

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def request(path: str, body: str, secret: str) -> bytes:
    """A complete HTTP request that delivers `body` as Stripe does, signed now."""
    content = body.encode()
    at_seconds = int(time.time())
    digest = hmac.new(secret.encode(), f"{at_seconds}.".encode() + content, hashlib.sha256).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\nAccept: */*; q=0.5, application/xml\r\n"
        f"Stripe-Signature: t={at_seconds},v1={digest}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def visit(path: str, visitor: int) -> bytes:
    """A complete HTTP request of a browser that follows a link; each `visitor` below 65,536 has a different address."""
    head = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nReferer: https://blog.example/best-shops\r\n"
        f"X-Forwarded-For: 198.18.{visitor >> 8}.{visitor & 255}\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\r\n"
    )
    return head.encode()


def send(port: int, requests: Sequence[bytes], *, connections: int = CONNECTIONS, answered: bytes = OK) -> Run:
    """Send all `requests` to the server at `port` and await every answer, which must begin with `answered`.

    Raises:
        RuntimeError: an answer differs, or there was none for `TIMEOUT_SECONDS`.
    """
    waiting = iter(requests)
    opened = [socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) for _ in range(connections)]
    sent_at: dict[socket.socket, float] = {}
    milliseconds = []
    began, cpu_began = time.perf_counter(), time.process_time()
    with selectors.DefaultSelector() as selector:
        for connection in opened:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sent_at[connection] = time.perf_counter()
            _send_next(selector, connection, waiting, is_new=True)
        while selector.get_map():
            ready = selector.select(TIMEOUT_SECONDS)
            if not ready:
                raise RuntimeError(f"no answer from port {port} for {TIMEOUT_SECONDS} seconds")
            for key, _ in ready:
                assert isinstance(key.fileobj, socket.socket)
                _await_answer(key.fileobj, answered)
                now = time.perf_counter()
                milliseconds.append(1000 * (now - sent_at[key.fileobj]))
                sent_at[key.fileobj] = now
                _send_next(selector, key.fileobj, waiting)
    run = Run(len(requests), time.perf_counter() - began, time.process_time() - cpu_began, milliseconds)
    for connection in opened:
        connection.close()
    return run


def _send_next(
    selector: selectors.BaseSelector, connection: socket.socket, waiting: Iterator[bytes], *, is_new: bool = False
) -> None:
    following = next(waiting, None)
    if following is None:
        if not is_new:
            selector.unregister(connection)
        return
    connection.sendall(following)
    if is_new:
        selector.register(connection, selectors.EVENT_READ)


def _await_answer(connection: socket.socket, expected: bytes) -> None:
    """Read a complete answer. It arrives in one or two pieces, so the second read rarely waits."""
    answer = connection.recv(65536)
    while not _is_whole(answer):
        piece = connection.recv(65536)
        if not piece:
            raise RuntimeError(f"the server closed the connection after {answer[:200]!r}")
        answer += piece
    if not answer.startswith(expected):
        raise RuntimeError(f"the server answered {answer[:400]!r} instead of {expected!r}")


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    _, named, length = head.lower().partition(b"content-length:")
    return bool(end and named) and len(body) >= int(length.split(b"\r\n", 1)[0])
