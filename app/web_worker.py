"""Gunicorn's thread worker, changed so that only a request that has arrived completely gets a thread.

Gunicorn's own worker gives a connection a thread at its first byte and waits for the rest without a limit, so that as
many partial requests as there are threads block the server. Here the worker's event loop collects the bytes of all
connections, with a deadline for each request and a limit for all together: a slow client takes memory for what it sent,
but no thread. Parsing and answering a request is Gunicorn's code, unchanged.
"""

import socket
import time
from collections import OrderedDict
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ
from typing import Any, Final

from gunicorn import http
from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from app import metrics
from app.request_buffer import RequestBuffer, State

READ_SECONDS: Final = 10.0
"""Deadline of a request, head and body, from its first byte."""
SEND_SECONDS: Final = 10.0
"""Timeout for sending a part of an answer to a client that does not read it."""
LINGER_SECONDS: Final = 2.0
"""How long received bytes are discarded after the answer; closing at once would reset the connection and lose it."""
PIECE_BYTES: Final = 64 * 1024
MAX_COLLECTED_BYTES: Final = 32 * 1024 * 1024
"""Limit for all incomplete requests of a process; when it is exceeded, the oldest request is dropped."""


class _Collected(Unreader):  # type: ignore[misc]  # Gunicorn ships no types
    """Gives the parser the collected bytes and never waits for more."""

    def chunk(self, _size_hint: int | None = None) -> bytes:
        return b""


class Connection(TConn):  # type: ignore[misc]
    """A client's connection with the request that is arriving on it."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.request = RequestBuffer()
        self.parser = http.get_parser(self.cfg, self.sock, self.client)
        self.parser.unreader = _Collected()
        self.initialized = self.data_ready = True  # the parser exists, and the request is collected before it runs
        self.is_whole = True


class WebWorker(ThreadWorker):  # type: ignore[misc]
    """The worker class for Gunicorn's `worker_class`; see the module."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.collecting: OrderedDict[Connection, float] = OrderedDict()  # unfinished requests by deadline
        self.lingering: OrderedDict[Connection, float] = OrderedDict()  # answered, still sending
        self.collected_bytes = 0

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Refuse TLS settings, because the bytes collected here must be HTTP: TLS ends at a proxy in front."""
        if cfg.is_ssl:
            raise ValueError("certfile and keyfile cannot be used: end TLS at a proxy in front of the web process")
        super().check_config(cfg, log)

    def accept(self, listener: socket.socket) -> None:
        """Accept a new connection; close an old one if the maximum number is reached."""
        with suppress(BlockingIOError, ConnectionAbortedError):
            client, address = listener.accept()
            self.nr_conns += 1
            if self.nr_conns >= self.worker_connections:
                self._drop_oldest()
            self._await_request(Connection(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """Called when an idle connection has bytes to read: begins to collect a request."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._begin(conn, b"")

    def finish_request(self, conn: Connection, fs: Future[bool]) -> None:
        """Called when a thread has answered: keeps the connection for the next request, or closes it."""
        if fs.cancelled() or fs.exception() is not None or not fs.result():
            self._linger(conn)
            return
        ahead = conn.parser.unreader.take_buffered()
        if ahead:
            self._begin(conn, ahead)
        else:
            self._await_request(conn)

    def murder_pending(self) -> None:
        """Close the connections whose deadline for a request, or for lingering, has passed."""
        now = time.monotonic()
        while self.collecting and next(iter(self.collecting.values())) <= now:
            self._drop(next(iter(self.collecting)), HTTPStatus.REQUEST_TIMEOUT)
        while self.lingering and next(iter(self.lingering.values())) <= now:
            self._close(next(iter(self.lingering)))

    def handle_request(self, req: Any, conn: Connection) -> bool:
        """Answer a request; the connection is closed if the client does not read the answer."""
        conn.sock.settimeout(SEND_SECONDS)
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError:
            return False

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        # The rest of a request that was refused unread may still arrive; it must not be read as the next request.
        return conn.is_whole and bool(super()._keepalive_after(conn, keepalive))

    def _await_request(self, conn: Connection) -> None:
        conn.sock.setblocking(False)
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn))

    def _begin(self, conn: Connection, ahead: bytes) -> None:
        """Collect a request whose first bytes, `ahead`, were received already."""
        conn.sock.setblocking(False)
        conn.request = RequestBuffer()
        self.collecting[conn] = time.monotonic() + READ_SECONDS
        if ahead:
            self._take(conn, ahead)
        else:
            self._collect(conn, conn.sock)
        if conn in self.collecting:
            self.poller.register(conn.sock, EVENT_READ, partial(self._collect, conn))

    def _collect(self, conn: Connection, client: socket.socket) -> None:
        try:
            received = client.recv(PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if received:
            self._take(conn, received)
        else:
            self._drop(conn, None)

    def _take(self, conn: Connection, received: bytes) -> None:
        was_promised, size_before = conn.request.expects_continue, len(conn.request.data)
        state = conn.request.add(received)
        self.collected_bytes += len(conn.request.data) - size_before
        if state is State.HEAD_TOO_LONG:
            self._drop(conn, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif state in {State.WHOLE, State.REFUSABLE}:
            self._hand_over(conn)
        elif conn.request.expects_continue and not was_promised:
            _send_text(conn, "HTTP/1.1 100 Continue\r\n\r\n")
        while self.collected_bytes > MAX_COLLECTED_BYTES and self.collecting:
            self._drop(next(iter(self.collecting)), HTTPStatus.SERVICE_UNAVAILABLE)

    def _hand_over(self, conn: Connection) -> None:
        """Pass a complete request to a thread."""
        self._stop_collecting(conn)
        conn.is_whole = conn.request.state is State.WHOLE
        conn.parser.unreader.unread(bytes(conn.request.data))
        conn.request = RequestBuffer()
        self.enqueue_req(conn)

    def _drop(self, conn: Connection, status: HTTPStatus | None) -> None:
        """Drop an incomplete request with this answer; None: the client has closed the connection."""
        self._stop_collecting(conn)
        if status is not None:
            metrics.request_dropped(status.phrase.lower().replace(" ", "_"))
            _send_text(conn, f"HTTP/1.1 {status} {status.phrase}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        conn.request = RequestBuffer()
        self._linger(conn)

    def _drop_oldest(self) -> None:
        """Make room for a connection: close the oldest lingering, else idle, else collecting connection."""
        if self.lingering:
            self._close(next(iter(self.lingering)))
        elif self.keepalived_conns:
            idle = self.keepalived_conns.popleft()
            self.poller.unregister(idle.sock)
            self._close(idle)
        elif self.collecting:
            oldest = next(iter(self.collecting))
            self._drop(oldest, HTTPStatus.SERVICE_UNAVAILABLE)
            if oldest in self.lingering:
                self._close(oldest)

    def _stop_collecting(self, conn: Connection) -> None:
        del self.collecting[conn]
        self.collected_bytes -= len(conn.request.data)
        with suppress(KeyError):  # it was complete at once, so it was never registered
            self.poller.unregister(conn.sock)

    def _linger(self, conn: Connection) -> None:
        """Shut down sending, then wait in the event loop until the client closes the connection."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        self.lingering[conn] = time.monotonic() + LINGER_SECONDS
        self.poller.register(conn.sock, EVENT_READ, partial(self._discard, conn))
        self._discard(conn, conn.sock)

    def _discard(self, conn: Connection, client: socket.socket) -> None:
        try:
            received = client.recv(PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self._close(conn)

    def _close(self, conn: Connection) -> None:
        if self.lingering.pop(conn, None) is not None:
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()


def _send_text(conn: Connection, text: str) -> None:
    with suppress(OSError):  # the client has closed the connection, or does not read
        conn.sock.send(text.encode("ascii"))
