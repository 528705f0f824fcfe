"""The API over real HTTP on loopback, with the faults that are on, and a log of what was asked."""

import socket
import struct
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Event, Thread
from urllib.parse import urlsplit

from tests.waiting import join

from .answers import Answer
from .api import Api, route_of
from .faults import Fault, Faults, Way
from .requests import Asked, Request, decoded

_LOOK_SECONDS = 0.02
_ABORT = struct.pack("ii", 1, 0)


class Server:
    """Serves an Api on an ephemeral port of loopback until it is closed."""

    def __init__(self, api: Api, faults: Faults) -> None:
        self.api = api
        self.faults = faults
        self.asked: list[Asked] = []
        self.closing = Event()
        self._numbers = count(1)
        handler = type("Handler", (_Handler,), {"emulated": self})
        self._http = _Http(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = Thread(target=self._http.serve_forever, args=(_LOOK_SECONDS,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; whatever hangs is let go."""
        self.closing.set()
        self.faults.clear()
        self._http.shutdown()
        self._http.server_close()
        join(self._thread)

    def calls(self) -> Counter[str]:
        """How often each thing was asked for, by names such as `GET /v1/invoices/{id}`."""
        return Counter(asked.name for asked in self.asked)

    def next_request_id(self) -> str:
        return f"req_{next(self._numbers):06d}"


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client's."""

    emulated: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, *_args: object) -> None:
        """Nothing is printed: `asked` is the log."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The `Date` of an answer, by the clock of the events."""
        return super().date_time_string(self.emulated.api.now if timestamp is None else timestamp)

    def _serve(self) -> None:
        request = self._request()
        asked = Asked(
            request.method,
            route_of(request.path),
            request.path,
            request.params,
            self.emulated.api.account_of(request),
            request.headers.get("idempotency-key"),
        )
        self.emulated.asked.append(asked)
        fault = self.emulated.faults.meet(asked.name)
        if fault is None:
            self._send(self.emulated.api.answer(request), asked)
        else:
            self._suffer(fault, request, asked)

    def _suffer(self, fault: Fault, request: Request, asked: Asked) -> None:
        if fault.way is Way.HANG:
            self._hang(fault)
        elif fault.way is Way.HANG_LATER:
            self.emulated.api.answer(request)
            self._hang(fault)
        elif fault.way is Way.TWICE:
            self.emulated.api.answer(request)
            self._send(self.emulated.api.answer(request), asked)
        elif fault.way is Way.DROP:
            self._drop()
        elif fault.way is Way.DROP_LATER:
            self.emulated.api.answer(request)
            self._drop()
        elif fault.way is Way.SLOW:
            self.emulated.closing.wait(fault.seconds)
            self._send(self.emulated.api.answer(request), asked)
        else:
            assert fault.answer is not None
            if fault.way is Way.ANSWER_LATER:
                self.emulated.api.answer(request, remembered=fault.answer)
            self._send(fault.answer, asked)

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        params = decoded(parts.query) | decoded(body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, parts.path, params, headers)

    def _send(self, answer: Answer, asked: Asked) -> None:
        asked.status = answer.status
        self.send_response(answer.status)
        headers = {"Content-Type": answer.content_type, "Request-Id": self.emulated.next_request_id()}
        for name, value in {**headers, **answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def _hang(self, fault: Fault) -> None:
        while self.emulated.faults.is_active(fault) and not self.emulated.closing.is_set():
            time.sleep(_LOOK_SECONDS)
        self._drop()

    def _drop(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self.close_connection = True
        self.connection.close()
