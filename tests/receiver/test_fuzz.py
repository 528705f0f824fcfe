"""Random bodies and headers are answered 200, 400 or 413, and only a Stripe event is stored."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stripe_stories.signing import signature_header

from .conftest import Document, Endpoint, an_event, assert_refused, rows_of, stored

OFTEN = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))
NAMES = st.sampled_from(
    ["id", "object", "type", "created", "livemode", "account", "api_version", "data", "request", "related_object"]
)
HEADER_PARTS = st.sampled_from(["t=", "v1=", "v0=", ",", "=", ";", " ", "1772445600", "{now}", "{v1}", "é", "t"])
HEADERS = st.lists(HEADER_PARTS, max_size=12).map("".join) | st.text(
    st.characters(codec="latin-1", categories=("L", "N", "P", "S"))
)


@OFTEN
@given(body=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
def test_arbitrary_bytes_are_refused_signed_or_not(endpoint: Endpoint, body: bytes) -> None:
    before = stored()
    assert_refused(endpoint.post(body), 400, "invalid_request")
    assert endpoint.post(body, header="t=1,v1=0").status_code == 400
    assert stored() == before


@OFTEN
@given(document=JSON)
def test_arbitrary_json_is_refused(endpoint: Endpoint, document: Any) -> None:
    before = stored()
    assert_refused(endpoint.post(json.dumps(document).encode()), 400, "invalid_request")
    assert stored() == before


@OFTEN
@given(changes=st.dictionaries(NAMES | st.text(max_size=8), JSON, max_size=4))
def test_an_event_with_arbitrary_fields_is_stored_whole_or_not_at_all(endpoint: Endpoint, changes: Document) -> None:
    before = stored()
    body = json.dumps(an_event() | changes).encode()
    answer = endpoint.post(body)
    assert answer.status_code in {200, 400}, answer.text
    assert stored() - before <= (answer.status_code == 200)


@OFTEN
@given(cut=st.integers(0, 400), junk=st.binary(max_size=6))
def test_truncated_body_is_refused(endpoint: Endpoint, cut: int, junk: bytes) -> None:
    body, before = json.dumps(an_event()).encode(), stored()
    torn = body[: cut % len(body)] + junk
    assert_refused(endpoint.post(torn), 400, "invalid_request")
    assert stored() == before


@OFTEN
@given(template=HEADERS)
def test_arbitrary_signature_headers_are_refused(endpoint: Endpoint, template: str) -> None:
    event = an_event()
    body = json.dumps(event).encode()
    signed_at, _, digest = signature_header(body, "whsec_somebody_elses").removeprefix("t=").partition(",v1=")
    header = template.replace("{now}", signed_at).replace("{v1}", digest)
    assert_refused(endpoint.post(body, header=header), 400, "invalid_signature")
    assert rows_of(event) == []
