"""Signed bodies: every Stripe event is stored, everything else is refused."""

import io
import json
from typing import Any

import pytest

from app.rest.stripe.receiver import MAX_BODY_BYTES
from tests.stripe_stories.signing import signature_header

from .conftest import Document, Endpoint, an_event, assert_refused, rows_of, stored

ABSENT = object()
MALFORMED_WORDS = [
    "",
    " ",
    "two words",
    "nul\x00",
    "tab\t",
    "évt_1",
    "evt_１",  # noqa: RUF001 - a digit that is none of ASCII's
    "\ud800",
    "x" * 256,
    "x" * 300,
    7,
    None,
    [],
    {},
]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"nonsense",
        b"{",
        b'{"object": "event",}',
        b"{'object': 'event'}",
        b"\xef\xbb\xbf{}",
        b"\x00",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"object": "event", "created": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_body_that_is_not_json_is_refused(endpoint: Endpoint, body: bytes) -> None:
    before = stored()
    assert_refused(endpoint.post(body), 400, "invalid_request")
    assert stored() == before


@pytest.mark.parametrize("body", [b"\xff", b'{"object": "event\xff"}', b"\xed\xa0\x80", "{}".encode("utf-16")])
def test_body_that_is_not_utf_8_is_refused(endpoint: Endpoint, body: bytes) -> None:
    assert_refused(endpoint.post(body), 400, "invalid_request")


@pytest.mark.parametrize(
    "document",
    [None, True, 1, "event", [], [an_event()], {}, {"object": "charge", "id": "ch_1"}, {"object": ["event"]}],
    ids=repr,
)
def test_json_that_is_not_an_event_is_refused(endpoint: Endpoint, document: Any) -> None:
    before = stored()
    assert_refused(endpoint.post(json.dumps(document).encode()), 400, "invalid_request")
    assert stored() == before


@pytest.mark.parametrize("field", ["id", "type"])
@pytest.mark.parametrize("value", [ABSENT, *MALFORMED_WORDS], ids=lambda value: ascii(value)[:20])
def test_event_id_and_type_are_required_words(endpoint: Endpoint, field: str, value: Any) -> None:
    event = an_event(**{field: value})
    if value is ABSENT:
        del event[field]
    answer = endpoint.send(event)
    assert_refused(answer, 400, "invalid_request", param=field)


@pytest.mark.parametrize("field", ["account", "api_version"])
@pytest.mark.parametrize(
    "value", [value for value in MALFORMED_WORDS if value is not None], ids=lambda v: ascii(v)[:20]
)
def test_account_and_api_version_are_words_or_absent(endpoint: Endpoint, field: str, value: Any) -> None:
    answer = endpoint.send(an_event(**{field: value}))
    assert_refused(answer, 400, "invalid_request", param=field)


@pytest.mark.parametrize(
    "created",
    [ABSENT, None, "", "soon", "2026-13-40T00:00:00Z", -1, 1.5, True, 2**40, 10**30, [], {}],
    ids=lambda value: ascii(value)[:20],
)
def test_created_is_required_in_unix_seconds(endpoint: Endpoint, created: Any) -> None:
    event = an_event(created=created)
    if created is ABSENT:
        del event["created"]
    answer = endpoint.send(event)
    assert_refused(answer, 400, "invalid_request", param="created")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "1e-400", "-0.0"])
def test_created_that_is_not_a_whole_number_is_refused(endpoint: Endpoint, number: str) -> None:
    body = json.dumps(an_event(created="*")).replace('"*"', number).encode()
    assert_refused(endpoint.post(body), 400, "invalid_request", param="created")


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "not-prefixed"},
        {"id": "x" * 255},
        {"type": "a.type.nobody.knows.yet"},
        {"api_version": None},
        {"account": None},
        {"created": 0},
        {"data": None},
        {"data": []},
        {"data": {"object": None}},
        {"data": {"object": {"id": "x" * 300}}},
        {"data": {"object": {"id": 7, "amount": 10**300}}},
        {"data": {"object": {"id": "nul\x00", "name": "\x00 \ud800 é 漢 \U0001f600"}}},
        {"surprise": {"deep": json.loads("[" * 200 + "]" * 200)}},
    ],
    ids=lambda changes: ascii(changes)[:40],
)
def test_unusual_events_are_stored_exactly_as_they_came(endpoint: Endpoint, changes: Document) -> None:
    event = an_event()
    event |= {"id": f"{event['id']}-{changes['id']}"[:255]} if "id" in changes else changes
    body = json.dumps(event, indent=2)
    assert endpoint.post(body.encode()).status_code == 200
    [row] = rows_of(event)
    assert (row.payload, row.type, row.outcome) == (body, event["type"], None)


def test_raw_characters_beyond_ascii_are_signed_and_stored_as_bytes(endpoint: Endpoint) -> None:
    event = an_event(description="Zoë 漢字 😀")
    body = json.dumps(event, ensure_ascii=False)
    assert endpoint.post(body.encode()).status_code == 200
    assert rows_of(event)[0].payload == body


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_any_content_type_is_accepted(endpoint: Endpoint, content_type: str) -> None:
    event = an_event()
    assert endpoint.post(json.dumps(event).encode(), content_type=content_type).status_code == 200
    assert len(rows_of(event)) == 1


def padded(event: Document, size: int) -> bytes:
    """The event as a body of exactly so many bytes."""
    body = json.dumps(event).encode()
    return body[:-1] + b" " * (size - len(body)) + b"}"


def test_one_mebibyte_is_the_largest_event(endpoint: Endpoint) -> None:
    event, before = an_event(), stored()
    assert endpoint.post(padded(event, MAX_BODY_BYTES)).status_code == 200
    assert len(rows_of(event)) == 1
    assert_refused(endpoint.post(padded(an_event(), MAX_BODY_BYTES + 1)), 413, "too_large")
    assert stored() == before + 1


def test_a_body_of_unknown_length_is_read_no_further_than_the_cap(endpoint: Endpoint) -> None:
    """As a server hands on a chunked request: no length, and a stream that ends by itself."""

    def in_chunks(body: bytes) -> dict[str, Any]:
        stream = {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
        return {"data": None, "environ_overrides": stream, "header": signature_header(body, *endpoint.secrets)}

    event, before = an_event(), stored()
    assert endpoint.post(b"", **in_chunks(json.dumps(event).encode())).status_code == 200
    assert len(rows_of(event)) == 1
    assert_refused(endpoint.post(b"", **in_chunks(padded(an_event(), 3 * MAX_BODY_BYTES))), 413, "too_large")
    assert stored() == before + 1
