"""The beacon: a page that is linked to directly tells of its visitors itself."""

import json
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from app import db
from app.rest.links.routes import BEACONS_PER_MINUTE
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from tests.waiting import join

from .test_links import touches

PATH = "/v1/touchpoints"
SHOP = "https://shop.example.com"
SESSION = "5f2c9a0b1d3e4f60"


@pytest.fixture
def shop(merchant: Merchant) -> Merchant:
    with db.transaction() as session:
        pages = "UPDATE programs SET landing_url = :url, landing_hosts = '{help.example.com}'"
        session.execute(text(pages), {"url": f"{SHOP}/"})
    return merchant


def _send(client: FlaskClient, body: Any, origin: str | None = SHOP, **request: Any) -> TestResponse:
    headers = {} if origin is None else {"Origin": origin}
    text_body = body if isinstance(body, str) else json.dumps(body)
    return client.post(PATH, data=text_body, headers=headers, content_type=request.get("type", "application/json"))


@pytest.mark.parametrize("content_type", ["application/json", "text/plain;charset=UTF-8"])
def test_a_page_reports_a_visit(shop: Merchant, client: FlaskClient, content_type: str) -> None:
    body = {
        "code": "Ada",
        "session": SESSION,
        "landing": f"{SHOP}/spring?utm_campaign=may&token=secret#x",
        "referrer": "https://blog.example/post?q=1",
    }
    answer = _send(client, body, type=content_type)
    assert (answer.status_code, answer.json) == (202, {"session": SESSION})
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    (touch,) = touches()
    assert (touch["partner_id"], touch["session_id"], touch["source"]) == (shop.partners["ada"], SESSION, "beacon")
    assert (touch["landing"], touch["referrer"]) == (f"{SHOP}/spring", "https://blog.example/post")
    assert touch["utm"] == {"campaign": "may"}


def test_a_visitor_without_a_session_gets_one(shop: Merchant, client: FlaskClient) -> None:
    session_id = _send(client, {"code": "ada"}).json["session"]
    assert [row["session_id"] for row in touches()] == [session_id]
    assert _send(client, {"code": "ben", "session": session_id}).json["session"] == session_id
    assert _send(client, {"code": "ben", "session": "no session!"}).json["session"] not in {session_id, "no session!"}


def test_an_unknown_code_gets_the_same_answer_and_stores_nothing(shop: Merchant, client: FlaskClient) -> None:
    for code in ("ada", "nobody"):
        answer = _send(client, {"code": code, "session": SESSION})
        assert (answer.status_code, answer.json) == (202, {"session": SESSION})
        assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert [row["code"] for row in touches()] == ["ada"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://shop.example.com.evil.example", ""])
def test_beacon_from_another_site_is_refused(shop: Merchant, client: FlaskClient, origin: str) -> None:
    answer = _send(client, {"code": "ada"}, origin)
    assert answer.status_code == 202
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert touches() == []


def test_beacon_is_accepted_without_an_origin(shop: Merchant, client: FlaskClient) -> None:
    assert _send(client, {"code": "ada"}, None).status_code == 202
    assert len(touches()) == 1


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        (SHOP, True),
        ("https://help.example.com", True),
        ("https://evil.example", False),
        ("https://shop.example.com:8443", False),
    ],
)
def test_browsers_ask_before_they_send_json(shop: Merchant, client: FlaskClient, origin: str, is_allowed: bool) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = client.options(PATH, headers=asked)
    assert answer.status_code == 200
    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if is_allowed else None)
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(("port", "is_allowed"), [("443", True), ("80", False)])
def test_only_the_default_port_of_a_landing_page_may_be_left_out_of_an_origin(
    shop: Merchant, client: FlaskClient, port: str, is_allowed: bool
) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET landing_url = :url"), {"url": f"{SHOP}:{port}/"})
    answer = client.options(PATH, headers={"Origin": SHOP, "Access-Control-Request-Method": "POST"})
    assert ("Access-Control-Allow-Origin" in answer.headers) is is_allowed


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ("{", None),
        ("[]", None),
        ("", None),
        ({}, "code"),
        ({"code": 7}, "code"),
        ({"code": "ada", "bps": 5000}, "bps"),
        ({"code": "a\0"}, "code"),
    ],
)
def test_invalid_beacon_is_refused(shop: Merchant, client: FlaskClient, body: Any, param: str | None) -> None:
    answer = _send(client, body, type="text/plain")
    assert (answer.status_code, answer.json["error"]["param"]) == (400, param)
    assert touches() == []


def test_a_long_body_is_refused(shop: Merchant, client: FlaskClient) -> None:
    assert _send(client, {"code": "ada", "landing": "x" * 40_000}).status_code == 413


def test_beacons_of_one_address_are_limited(shop: Merchant, client: FlaskClient) -> None:
    for _ in range(BEACONS_PER_MINUTE):
        assert _send(client, {"code": "nobody"}).status_code == 202
    refusal = _send(client, {"code": "nobody"})
    assert (refusal.status_code, refusal.headers["Access-Control-Allow-Origin"]) == (429, SHOP)


@pytest.fixture
def connection(application: Flask) -> Iterator[HTTPConnection]:
    """The application behind a real socket."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    server.shutdown()
    join(thread)


def test_from_the_link_to_the_commission_over_http(
    shop: Merchant, connection: HTTPConnection, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Ben's page is linked to directly, Ada's link is followed later; the last touch earns, though Ben is named."""
    body = json.dumps({"code": "ben", "landing": f"{SHOP}/ben"})
    connection.request("POST", PATH, body, {"Origin": SHOP, "Content-Type": "text/plain"})
    reported = connection.getresponse()
    session_id = json.load(reported)["session"]
    cookie = (reported.headers["Set-Cookie"] or "").partition(";")[0]
    connection.request("GET", "/r/ada", headers={"Cookie": cookie})
    redirect = connection.getresponse()
    assert redirect.status == 302
    landed = parse_qs(urlsplit(redirect.headers["Location"]).query)
    assert landed == {"ref": ["ada"], "aff_sess": [session_id]}
    redirect.read()
    cleo = Customer(CLOVER, Marks(client_reference=f"ben--{session_id}"))
    cleo.now = int(time.time())
    deliver(cleo.subscribes().events)
    drain()
    assert ledger().balances == owed(ada=980)
