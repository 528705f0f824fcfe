"""When a request is whole, however it is cut into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.request_buffer import LONG_BODIES, MAX_BODY_BYTES, MAX_HEAD_BYTES, RequestBuffer, State

POST = b"POST /webhooks/stripe HTTP/1.1\r\nHost: s\r\n"
WHOLE = {
    "no body": b"GET / HTTP/1.1\r\nHost: s\r\n\r\n",
    "a length": POST + b"Content-Length: 5\r\n\r\n{...}",
    "a length of nothing": POST + b"content-length:0\r\n\r\n",
    "chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\n{..\r\n2\r\n.}\r\n0\r\n\r\n",
    "trailers": POST + b"TRANSFER-ENCODING: Chunked\r\n\r\n1\r\n{\r\n0\r\nDigest: x\r\n\r\n",
    "a body like a head": POST + b"Content-Length: 8\r\n\r\n\r\n\r\n\r\n\r\n",
}
REFUSABLE = {
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "a length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a negative length": POST + b"Content-Length: -5\r\n\r\n",
    "a length in words": POST + b"Content-Length: five\r\n\r\n",
    "a length too large": POST + b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
    "a length of many digits": POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: gzip\r\n\r\n",
    "a chunk without a size": POST + b"Transfer-Encoding: chunked\r\n\r\nnone\r\n",
    "a chunk line without end": POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 2000,
}


@given(name=st.sampled_from(sorted(WHOLE)), cuts=st.lists(st.integers(1, 40), max_size=60))
def test_a_request_is_whole_with_its_last_byte_and_not_before(name: str, cuts: list[int]) -> None:
    request, buffer, at = WHOLE[name], RequestBuffer(), 0
    for cut in [*cuts, len(request)]:
        piece = request[at : at + cut]
        at += len(piece)
        if piece:
            state = buffer.add(piece)
            assert (state is State.WHOLE) == (at == len(request)), at
    assert bytes(buffer.data) == request


@pytest.mark.parametrize("request_", REFUSABLE.values(), ids=REFUSABLE.keys())
def test_invalid_request_is_passed_on_at_once(request_: bytes) -> None:
    for size in (1, len(request_)):
        buffer = RequestBuffer()
        for at in range(0, len(request_), size):
            buffer.add(request_[at : at + size])
        assert buffer.state is State.REFUSABLE


def test_the_beginning_of_the_next_request_is_kept() -> None:
    buffer = RequestBuffer()
    assert buffer.add(WHOLE["a length"] + b"GET /next") is State.WHOLE
    assert bytes(buffer.data).endswith(b"GET /next")


def test_a_head_is_bounded() -> None:
    buffer = RequestBuffer()
    assert buffer.add(POST + b"X: " + b"a" * MAX_HEAD_BYTES) is State.HEAD_TOO_LONG
    assert RequestBuffer().add(POST + b"X: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n") is State.HEAD_TOO_LONG


def test_chunks_are_bounded_by_what_they_announce_and_by_what_came() -> None:
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    announced = RequestBuffer()
    announced.add(head + b"ffffff\r\n")
    assert announced.add(b"{" * (MAX_BODY_BYTES + MAX_HEAD_BYTES)) is State.REFUSABLE
    tiny = RequestBuffer()
    state = tiny.add(head)
    while state is State.BODY:
        state = tiny.add(b"1\r\n{\r\n" * 1000)
    assert state is State.REFUSABLE
    assert len(tiny.data) < 2 * MAX_BODY_BYTES


def test_expect_100_continue_is_recognized_and_removed() -> None:
    buffer = RequestBuffer()
    assert buffer.add(POST + b"Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n") is State.BODY
    assert buffer.expects_continue
    assert buffer.add(b"{}") is State.WHOLE
    assert bytes(buffer.data) == POST + b"Content-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(("path", "most"), LONG_BODIES.items())
def test_paths_that_take_files_have_a_longer_limit(path: str, most: int) -> None:
    for method, length, expected in (
        ("POST", most, State.BODY),
        ("POST", 2 * most, State.REFUSABLE),
        ("PUT", most, State.REFUSABLE),
    ):
        head = f"{method} {path} HTTP/1.1\r\nHost: s\r\nContent-Length: {length}\r\n\r\n"
        assert RequestBuffer().add(head.encode()) is expected, (method, length)
