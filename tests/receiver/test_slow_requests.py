"""Requests that never arrive whole take no thread: everything else is answered meanwhile."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from app import metrics
from app.config import Settings
from app.web_worker import READ_SECONDS
from tests.api.conftest import figure

from .conftest import Endpoint, an_event, rows_of
from .wire import PATIENCE_SECONDS, Web, answers, chunk, head, serve

HALVES = {
    "nothing": b"",
    "half a request line": b"POST /webhooks/str",
    "half a head": b"POST /webhooks/stripe HTTP/1.1\r\nHost: shop.example\r\nContent-Le",
    "a head without its body": b"POST /webhooks/stripe HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 5000\r\n\r\n",
    "half a body": b"POST /webhooks/stripe HTTP/1.1\r\nHost: s\r\nContent-Length: 5000\r\n\r\n" + b"{" * 2500,
    "half a chunk": b"POST /webhooks/stripe HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{",
    "no last chunk": b"POST /webhooks/stripe HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "a promise that is kept never": b"POST / HTTP/1.1\r\nHost: s\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    "a body refused unread": b"POST /webhooks/stripe HTTP/1.1\r\nHost: s\r\nContent-Length: 9999999999\r\n\r\n"
    + b"{" * 9,
    "an answer not awaited": b"GET /healthz HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n",
    "a whole and a half": b"GET /healthz HTTP/1.1\r\nHost: s\r\n\r\nGET /healthz HTT",
}


@pytest.fixture(scope="module")
def web(settings: Settings, endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with serve(settings, tmp_path_factory.mktemp("slow") / "web.log") as served:
        yield served


@contextmanager
def half_sent(web: Web, count: int, half: bytes) -> Iterator[list[socket.socket]]:
    """So many connections on which `half` was sent, and nothing more is."""
    with ExitStack() as held:
        connections = []
        for _ in range(count):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", web.port), PATIENCE_SECONDS))
            connection.sendall(half)
            connections.append(connection)
        yield connections


def deliver(web: Web, endpoint: Endpoint) -> bool:
    """Whether a delivery is answered 200 and stored."""
    event = an_event()
    body = json.dumps(event).encode()
    answer = web.exchange(head(endpoint, body, f"Content-Length: {len(body)}"), body)
    return answer.startswith(b"HTTP/1.1 200 ") and len(rows_of(event)) == 1


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES.keys())
def test_deliveries_and_health_are_answered_beside_half_sent_requests(
    web: Web, endpoint: Endpoint, half: bytes
) -> None:
    with half_sent(web, 32, half):
        assert answers(web.port)
        assert deliver(web, endpoint)


@pytest.mark.parametrize("count", [8, 32, 200, 600])
def test_half_sent_requests_do_not_block_deliveries(web: Web, endpoint: Endpoint, count: int) -> None:
    """600 are more connections than one process holds: the oldest are given up."""
    with half_sent(web, count, HALVES["half a body"]):
        for _ in range(5):
            assert answers(web.port)
            assert deliver(web, endpoint)


def test_a_request_that_takes_too_long_is_answered_408_and_counted(
    web: Web, endpoint: Endpoint, settings: Settings
) -> None:
    metrics.connect(settings.redis_url)
    counted = 'accrual_requests_dropped_total{reason="request_timeout"}'
    before = figure(metrics.exposition([]).decode(), counted)
    with half_sent(web, 2, HALVES["half a body"]) as connections:
        started = time.monotonic()
        dripping, silent = connections
        for _ in range(int(READ_SECONDS)):  # a byte a second buys no time
            dripping.sendall(b"{")
            time.sleep(0.5)
        for connection in (silent, dripping):
            assert connection.recv(100).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - started >= READ_SECONDS - 1
    deadline = time.monotonic() + PATIENCE_SECONDS
    while figure(metrics.exposition([]).decode(), counted) < before + 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_client_that_reads_no_answer_occupies_no_thread(web: Web, endpoint: Endpoint) -> None:
    with half_sent(web, 32, b"GET /openapi.json HTTP/1.1\r\nHost: s\r\n\r\n" * 20):
        assert answers(web.port)
        assert deliver(web, endpoint)


def test_memory_for_unfinished_requests_is_bounded(web: Web, endpoint: Endpoint) -> None:
    big = b"POST /webhooks/stripe HTTP/1.1\r\nHost: s\r\nContent-Length: 1000000\r\n\r\n" + b"{" * 900_000
    with half_sent(web, 60, big) as connections:
        assert deliver(web, endpoint)
        first = connections[0].recv(100)  # the oldest made room
    assert first.startswith(b"HTTP/1.1 503 ")


def test_requests_in_a_row_on_one_connection_are_answered_in_a_row(web: Web, endpoint: Endpoint) -> None:
    event = an_event()
    body = json.dumps(event).encode()
    with_length = head(endpoint, body, f"Content-Length: {len(body)}").replace("Connection: close\n", "")
    chunked = head(endpoint, body, "Transfer-Encoding: chunked").replace("Connection: close\n", "")
    last = head(endpoint, body, f"Content-Length: {len(body)}")
    wired = [part.replace("\n", "\r\n").encode() for part in (with_length, chunked, last)]
    stream = wired[0] + body + wired[1] + chunk(body) + b"0\r\n\r\n" + wired[2] + body
    assert web.exchange("", stream).count(b"HTTP/1.1 200 ") == 3


def test_expect_100_continue_is_answered(web: Web, endpoint: Endpoint) -> None:
    event = an_event()
    body = json.dumps(event).encode()
    with socket.create_connection(("127.0.0.1", web.port), timeout=PATIENCE_SECONDS) as connection:
        asking = head(endpoint, body, f"Content-Length: {len(body)}", "Expect: 100-continue")
        connection.sendall(asking.replace("\n", "\r\n").encode())
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert len(rows_of(event)) == 1


def test_the_rest_of_a_refused_body_is_never_taken_for_a_request(web: Web) -> None:
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: s\r\n\r\n"
    answer = web.exchange("POST /webhooks/stripe HTTP/1.1\nHost: s\nContent-Length: 99999999\n\n", smuggled)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_unlimited_request_head_is_refused(web: Web) -> None:
    endless = b"GET /healthz HTTP/1.1\r\n" + b"X-Long: %s\r\n" % (b"a" * 4000) * 40
    assert web.exchange("", endless).startswith(b"HTTP/1.1 431 ")
