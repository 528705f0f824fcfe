"""The receiver as Gunicorn serves it: what only a real connection can show, and what it writes to its log."""

import json
import socket
import time
from collections.abc import Iterator

import pytest

from app.config import Settings
from app.rest.stripe.receiver import MAX_BODY_BYTES
from tests.conftest import WEBHOOK_SECRET

from .conftest import EMAIL, Endpoint, an_event, rows_of, stored
from .wire import PATIENCE_SECONDS, Web, chunk, head, serve


@pytest.fixture(scope="module")
def web(settings: Settings, endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with serve(settings, tmp_path_factory.mktemp("web") / "web.log") as served:
        yield served


def test_a_chunked_body_is_as_good_as_one_with_a_length(web: Web, endpoint: Endpoint) -> None:
    event = an_event()
    body = json.dumps(event).encode()
    parts = [chunk(body[start : start + 7]) for start in range(0, len(body), 7)]
    answer = web.exchange(head(endpoint, body, "Transfer-Encoding: chunked"), *parts, b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert rows_of(event)[0].payload == body.decode()


def test_body_that_arrives_in_small_pieces_is_accepted(web: Web, endpoint: Endpoint) -> None:
    event = an_event()
    body = json.dumps(event).encode()
    with socket.create_connection(("127.0.0.1", web.port), timeout=PATIENCE_SECONDS) as connection:
        start = head(endpoint, body, f"Content-Length: {len(body)}").replace("\n", "\r\n").encode()
        for piece in (start, body[:10], body[10:100], body[100:]):
            connection.sendall(piece)
            time.sleep(0.02)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert len(rows_of(event)) == 1


def test_too_much_is_refused_with_and_without_a_length(web: Web, endpoint: Endpoint) -> None:
    body, before = json.dumps(an_event()).encode(), stored()
    too_much = body + b" " * (MAX_BODY_BYTES + 1 - len(body))
    with_length = web.exchange(head(endpoint, too_much, f"Content-Length: {len(too_much)}"), too_much)
    chunked = web.exchange(head(endpoint, too_much, "Transfer-Encoding: chunked"), chunk(too_much), b"0\r\n\r\n")
    announced = web.exchange(head(endpoint, body, f"Content-Length: {10**12}"))
    for answer in (with_length, chunked, announced):
        assert answer.startswith(b"HTTP/1.1 413 "), answer[:200]
    assert stored() == before


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: -1"],
        ["Content-Length: twelve"],
        ["Content-Length: 1", "Content-Length: 2"],
        ["Transfer-Encoding: nonsense"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        [],
    ],
    ids=repr,
)
def test_invalid_content_length_is_refused(web: Web, endpoint: Endpoint, lines: list[str]) -> None:
    body, before = json.dumps(an_event()).encode(), stored()
    answer = web.exchange(head(endpoint, body, *lines), body)
    assert answer.split()[1] in {b"400", b"501"}, answer[:200]
    assert stored() == before


@pytest.mark.parametrize(
    "framed", ["-5\r\n{body}\r\n0\r\n\r\n", " {size}\r\n{body}\r\n0\r\n\r\n", "{size}\r\n{body}..0\r\n\r\n"]
)
def test_malformed_chunks_are_refused(web: Web, endpoint: Endpoint, framed: str) -> None:
    body, before, written = json.dumps(an_event()), stored(), len(web.log.read_text())
    chunks = framed.replace("{size}", f"{len(body):x}").replace("{body}", body).encode()
    for path in (endpoint.path, "/v1/touchpoints"):
        answer = web.exchange(head(endpoint, body.encode(), "Transfer-Encoding: chunked", path=path), chunks)
        assert answer.split()[1][:1] == b"4", answer[:200]
    assert stored() == before
    assert "request_failed" not in web.log.read_text()[written:]


@pytest.mark.parametrize("path", ["/{endpoint}", "//{endpoint}"])
def test_slashes_before_the_path_are_one(web: Web, endpoint: Endpoint, path: str) -> None:
    event = an_event()
    body = json.dumps(event).encode()
    there = path.replace("{endpoint}", endpoint.path)
    answer = web.exchange(head(endpoint, body, f"Content-Length: {len(body)}", path=there), body)
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
    assert len(rows_of(event)) == 1


@pytest.mark.parametrize(
    "path", ["//webhooks/stripe", "/webhooks//stripe", "/{endpoint}", "{endpoint}/", "{endpoint}?a=1", "{endpoint}/%2e"]
)
def test_server_never_redirects(web: Web, endpoint: Endpoint, path: str) -> None:
    body = json.dumps(an_event()).encode()
    there = path.replace("{endpoint}", endpoint.path)
    answer = web.exchange(head(endpoint, body, f"Content-Length: {len(body)}", path=there), body)
    assert answer.split()[1][:1] != b"3", answer[:200]


def test_nothing_of_a_customer_and_no_secret_is_ever_logged(web: Web, endpoint: Endpoint) -> None:
    """Accepted, repeated, refused, torn and never-finished deliveries: each leaves lines, and none of them tells."""
    body = json.dumps(an_event(data={"object": {"email": EMAIL, "name": "Cleo"}})).encode()
    length = f"Content-Length: {len(body)}"
    for _ in range(2):
        assert web.exchange(head(endpoint, body, length), body).startswith(b"HTTP/1.1 200 ")
    for torn in (body[:-1] + b" ", body.replace(b'"id"', b'"it"'), body.replace(b'"created"', b'"cremated"')):
        assert web.exchange(head(endpoint, torn, length), torn).startswith(b"HTTP/1.1 400 ")
        assert web.exchange(head(endpoint, body, length), torn).startswith(b"HTTP/1.1 400 ")
    forged = head(endpoint, body, length).replace("v1=", "v1=é")
    assert web.exchange(forged, body).startswith(b"HTTP/1.1 400 ")
    with socket.create_connection(("127.0.0.1", web.port)) as connection:
        connection.sendall(head(endpoint, body, length).replace("\n", "\r\n").encode() + body[:50])
    written = web.log.read_text()
    assert "stripe_event_received" in written
    for secret in (EMAIL, "Cleo", WEBHOOK_SECRET, "receipt_email"):
        assert secret not in written
    assert all(json.loads(line)["event"] for line in written.splitlines())
