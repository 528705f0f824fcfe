"""Gunicorn's thread worker, with one change: a thread is taken only by a request that has arrived whole.

Gunicorn's own gives a thread to a connection as soon as its first byte is there, and lets it wait for the rest without
end: as many half-sent requests as there are threads stop the server. Here the worker's event loop collects the bytes of
all connections, with a deadline for each request and a limit for all together; a slow client costs memory for what it
sent, and no thread. What parses and answers a request is Gunicorn's, unchanged.
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
"""For a whole request, head and body, from its first byte."""
SEND_SECONDS: Final = 10.0
"""For one piece of an answer, to a client that does not take it."""
LINGER_SECONDS: Final = 2.0
"""How long what is still being sent is thrown away after the answer, so that the answer is not lost by a reset."""
PIECE_BYTES: Final = 64 * 1024
MAX_COLLECTED_BYTES: Final = 32 * 1024 * 1024
"""For all unfinished requests of a process; beyond, the oldest is dropped."""


class _Collected(Unreader):  # type: ignore[misc]  # Gunicorn ships no types
    """Gives the parser what was collected and never waits for more."""

    def chunk(self, _size_hint: int | None = None) -> bytes:
        return b""


class Connection(TConn):  # type: ignore[misc]
    """A client's connection with the request that is arriving on it."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.request = RequestBuffer()
        self.parser = http.get_parser(self.cfg, self.sock, self.client)
        self.parser.unreader = _Collected()
        self.initialized = self.data_ready = True  # the parser is made, and nothing has to be waited for
        self.is_whole = True


class WebWorker(ThreadWorker):  # type: ignore[misc]
    """The worker class; see the module."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.collecting: OrderedDict[Connection, float] = OrderedDict()  # unfinished requests by deadline
        self.lingering: OrderedDict[Connection, float] = OrderedDict()  # answered, still sending
        self.collected_bytes = 0

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Refuse what would send other bytes than a request's: TLS ends at the proxy in front."""
        if cfg.is_ssl:
            raise ValueError("certfile and keyfile cannot be used: end TLS at a proxy in front of the web process")
        super().check_config(cfg, log)

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection, and give up an old one where there are as many as may be."""
        with suppress(BlockingIOError, ConnectionAbortedError):
            client, address = listener.accept()
            self.nr_conns += 1
            if self.nr_conns >= self.worker_connections:
                self._drop_oldest()
            self._await_request(Connection(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """A connection on which nothing was under way has something to read: a request begins."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._begin(conn, b"")

    def finish_request(self, conn: Connection, fs: Future[bool]) -> None:
        """A thread has answered: go on with the connection, or close it without keeping anything waiting."""
        if fs.cancelled() or fs.exception() is not None or not fs.result():
            self._linger(conn)
            return
        ahead = conn.parser.unreader.take_buffered()
        if ahead:
            self._begin(conn, ahead)
        else:
            self._await_request(conn)

    def murder_pending(self) -> None:
        """Close the connections whose time for a request, or for lingering, is over."""
        now = time.monotonic()
        while self.collecting and next(iter(self.collecting.values())) <= now:
            self._drop(next(iter(self.collecting)), HTTPStatus.REQUEST_TIMEOUT)
        while self.lingering and next(iter(self.lingering.values())) <= now:
            self._close(next(iter(self.lingering)))

    def handle_request(self, req: Any, conn: Connection) -> bool:
        """Answer; a client that does not take the answer is given up."""
        conn.sock.settimeout(SEND_SECONDS)
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError:
            return False

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        # Of a request that was refused unread the rest may still come: it must not be taken for the next one.
        return conn.is_whole and bool(super()._keepalive_after(conn, keepalive))

    def _await_request(self, conn: Connection) -> None:
        conn.sock.setblocking(False)
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn))

    def _begin(self, conn: Connection, ahead: bytes) -> None:
        """Collect a request, of which the bytes `ahead` are there already."""
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
            _say(conn, "HTTP/1.1 100 Continue\r\n\r\n")
        while self.collected_bytes > MAX_COLLECTED_BYTES and self.collecting:
            self._drop(next(iter(self.collecting)), HTTPStatus.SERVICE_UNAVAILABLE)

    def _hand_over(self, conn: Connection) -> None:
        """Let a thread answer."""
        self._stop_collecting(conn)
        conn.is_whole = conn.request.state is State.WHOLE
        conn.parser.unreader.unread(bytes(conn.request.data))
        conn.request = RequestBuffer()
        self.enqueue_req(conn)

    def _drop(self, conn: Connection, status: HTTPStatus | None) -> None:
        """Give up an unfinished request; None: its client left."""
        self._stop_collecting(conn)
        if status is not None:
            metrics.request_dropped(status.phrase.lower().replace(" ", "_"))
            _say(conn, f"HTTP/1.1 {status} {status.phrase}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        conn.request = RequestBuffer()
        self._linger(conn)

    def _drop_oldest(self) -> None:
        """Make room for a connection: of those that answer nothing, the one that has waited longest goes."""
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
        with suppress(KeyError):  # all of it was there at once
            self.poller.unregister(conn.sock)

    def _linger(self, conn: Connection) -> None:
        """Say that nothing more is sent, then wait for the client to close, in the event loop."""
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


def _say(conn: Connection, text: str) -> None:
    with suppress(OSError):  # the client left, or takes nothing
        conn.sock.send(text.encode("ascii"))
