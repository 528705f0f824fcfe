"""What an acknowledged delivery is answered with, and whose request its log lines name."""

import structlog
from flask import Flask

from .conftest import Endpoint, an_event, assert_refused


def test_an_acknowledgement_has_the_headers_of_every_answer(endpoint: Endpoint) -> None:
    answer = endpoint.send(an_event())
    assert answer.json == {"received": True}
    assert (answer.headers["Content-Type"], answer.headers["Content-Length"]) == ("application/json", "17")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(answer.headers["X-Request-Id"]) == 32
    assert answer.headers["X-Request-Id"] != endpoint.send(an_event()).headers["X-Request-Id"]


def test_a_delivery_and_its_refusal_repeat_the_request_id_they_came_with(
    endpoint: Endpoint, application: Flask
) -> None:
    client = application.test_client()
    ids = []
    for sent in ("trace-1", "not one\t", "x" * 65):
        refusal = client.post(endpoint.path, data=b"{}", headers={"X-Request-Id": sent})
        assert_refused(refusal, 400, "invalid_signature")
        ids.append(refusal.headers["X-Request-Id"])
    assert ids[0] == "trace-1"
    assert [len(new) for new in ids[1:]] == [32, 32]


def test_log_lines_do_not_have_the_request_id_of_an_earlier_request(endpoint: Endpoint, application: Flask) -> None:
    application.test_client().get("/healthz", headers={"X-Request-Id": "earlier"})
    assert structlog.contextvars.get_contextvars() == {}
    endpoint.post(b"{}", header="")
    assert structlog.contextvars.get_contextvars() == {}


def test_other_methods_and_longer_paths_are_answered_by_flask(endpoint: Endpoint, application: Flask) -> None:
    client = application.test_client()
    assert_refused(client.get(endpoint.path), 405, "method_not_allowed")
    for path in (f"{endpoint.path}/", f"{endpoint.path}/x", "/webhooks/stripe/", "/webhooks/stripes"):
        assert_refused(client.post(path, data=b"{}"), 404, "not_found")
