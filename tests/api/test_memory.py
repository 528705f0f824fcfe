"""What a visitor's browser remembers of a partner's link: the signed cookie, and the calls of a merchant's page."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from app import db, ids
from app.config import Settings
from app.touchpoints import memory
from app.touchpoints.memory import Memory
from tests import cast
from tests.api.conftest import Caller
from tests.cast import Merchant

from .test_links import touches

WWW = "https://www.shop.test"
LINKS = "https://go.shop.test"
SESSION = "5f2c9a0b1d3e4f60"
NOTHING = {"code": None, "session": None, "touched_at": None, "expires_at": None, "unknown": []}


@pytest.fixture
def shop(merchant: Merchant) -> Merchant:
    _set("landing_url = :value, landing_hosts = '{app.shop.test}'", f"{WWW}/")
    return merchant


@pytest.fixture
def visitor(application: Flask) -> FlaskClient:
    client = application.test_client()
    client.environ_base |= {"HTTP_USER_AGENT": "Firefox/140.0", "wsgi.url_scheme": "https", "HTTP_HOST": "go.shop.test"}
    return client


def _set(change: str, value: str) -> None:
    with db.transaction() as session:
        session.execute(text(f"UPDATE programs SET {change}"), {"value": value})


def _at_shop_domain(shop: Merchant) -> None:
    with db.transaction() as session:
        owner = {"owner": shop.organization_id}
        session.execute(text("INSERT INTO cookie_domains VALUES (:owner, 'shop.test')"), owner)


def _path(program_id: UUID, *codes: str) -> str:
    query = "".join(f"&code={code}" for code in codes)
    return f"/v1/memory?program={ids.encode(ids.PROGRAM, program_id)}{query}"


def _ask(visitor: FlaskClient, program_id: UUID, *codes: str, origin: str | None = WWW, **more: Any) -> Any:
    answer = visitor.get(
        _path(program_id, *codes), base_url=LINKS, headers={"Origin": origin} if origin else {}, **more
    )
    assert answer.status_code == 200, answer.text
    return answer.json


def _tell(visitor: FlaskClient, program_id: UUID, code: str, session: str | None = None) -> TestResponse:
    body = json.dumps({"code": code, "session": session})
    return visitor.post(
        _path(program_id), base_url=LINKS, data=body, content_type="text/plain", headers={"Origin": WWW}
    )


def _follow(visitor: FlaskClient, code: str, base_url: str = LINKS) -> TestResponse:
    answer = visitor.get(f"/r/{code}", base_url=base_url)
    assert answer.status_code == 302
    return answer


def test_a_followed_link_is_remembered_on_the_owners_domain(shop: Merchant, visitor: FlaskClient) -> None:
    _at_shop_domain(shop)
    assert _ask(visitor, shop.program_id) == NOTHING
    assert "Domain=shop.test" in _follow(visitor, "ada").headers["Set-Cookie"].split("; ")
    (touch,) = touches()
    shown = _ask(visitor, shop.program_id, "ben", "nope")
    assert (shown["code"], shown["session"], shown["unknown"]) == ("ada", touch["session_id"], ["nope"])
    touched_at, expires_at = (datetime.fromisoformat(shown[name]) for name in ("touched_at", "expires_at"))
    assert abs(datetime.now(UTC) - touched_at) < timedelta(minutes=1)
    assert expires_at - touched_at == timedelta(days=30)
    elsewhere = _follow(visitor, "ada", "https://go.another.test").headers["Set-Cookie"]
    assert "Domain" not in elsewhere, "a browser refuses the cookie of a domain that the host is not in"
    assert "Domain" not in _follow(visitor, "ada", "https://go.anothershop.test").headers["Set-Cookie"]


def test_a_beacon_remembers_for_the_programs_own_pages_only(shop: Merchant, visitor: FlaskClient) -> None:
    def report(origin: str | None) -> TestResponse:
        headers = {"Origin": origin} if origin else {}
        return visitor.post("/v1/touchpoints", base_url=LINKS, data='{"code": "ada"}', headers=headers)

    for origin in (None, "https://evil.test", "http://www.shop.test"):
        refused = report(origin)
        assert "Set-Cookie" not in refused.headers
        assert "Access-Control-Allow-Credentials" not in refused.headers
    answer = report(WWW)
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert _ask(visitor, shop.program_id)["session"] == answer.json["session"]
    assert report(WWW).json["session"] == answer.json["session"], "the cookie's session goes on"


def test_a_page_sets_what_is_remembered_and_forgets_it(shop: Merchant, visitor: FlaskClient) -> None:
    told = _tell(visitor, shop.program_id, " ADA ", SESSION)
    assert (told.json["code"], told.json["session"]) == ("ada", SESSION)
    assert _ask(visitor, shop.program_id) == told.json
    for code, session, expected in (
        ("ada", None, ("ada", SESSION)),
        ("ada", "not a session!", ("ada", SESSION)),
        ("", SESSION[::-1], ("ada", SESSION)),
        ("nope", SESSION[::-1], ("ada", SESSION)),
        ("ben", None, ("ben", None)),
    ):
        _tell(visitor, shop.program_id, code, session)
        shown = _ask(visitor, shop.program_id)
        assert (shown["code"], shown["session"]) == expected, code
    assert _tell(visitor, shop.program_id, "nope").json["unknown"] == ["nope"]
    gone = visitor.delete(_path(shop.program_id), base_url=LINKS, headers={"Origin": WWW})
    assert (gone.status_code, _ask(visitor, shop.program_id)) == (204, NOTHING)


def test_a_code_that_credits_no_partner_is_never_remembered(shop: Merchant, visitor: FlaskClient) -> None:
    with db.transaction() as session:
        other = Merchant(shop.organization_id, cast.open_program(session, shop))
        cast.enroll(session, other, "zoe")
        cast.change_status(session, shop, "ben", "paused")
    _tell(visitor, shop.program_id, "ada")
    for code, unknown in (("ben", ["ben"]), ("nope", ["nope"]), ("zoe", [])):
        answer = _tell(visitor, shop.program_id, code)
        assert (answer.json["code"], answer.json["unknown"]) == ("ada", unknown), code
        assert "Set-Cookie" not in answer.headers


def test_where_consent_is_needed_links_set_no_cookie_until_it_is_given(shop: Merchant, visitor: FlaskClient) -> None:
    _set("link_cookie = :value", "after_consent")
    assert "Set-Cookie" not in _follow(visitor, "ada").headers
    beacon = visitor.post("/v1/touchpoints", base_url=LINKS, data='{"code": "ada"}', headers={"Origin": WWW})
    assert "Set-Cookie" not in beacon.headers
    _tell(visitor, shop.program_id, "ada", beacon.json["session"])
    _follow(visitor, "ben")
    shown = _ask(visitor, shop.program_id)
    assert (shown["code"], shown["session"]) == ("ben", beacon.json["session"]), "consent was given before"


def test_a_value_is_worth_nothing_unless_signed_for_this_owner_and_program(
    shop: Merchant, visitor: FlaskClient, settings: Settings
) -> None:
    now = datetime.now(UTC)
    ada = Memory("ada", SESSION, now - timedelta(days=29))
    with db.transaction() as session:
        stranger = cast.open_merchant(session, "Elsewhere")
    secret, owner, program = settings.secret_keys[0], shop.organization_id, shop.program_id
    good = memory.write(ada, owner, program, secret)
    body, signature = good.rsplit(".", 1)

    def shown(*values: str) -> Any:
        pairs = "; ".join(f"{memory.cookie_name(owner)}={value}" for value in values)
        client = visitor.application.test_client(use_cookies=False)
        return _ask(client, program, environ_overrides={"HTTP_COOKIE": pairs})["code"]

    assert shown(good) == "ada"
    for forged in (
        "",
        "ada",
        SESSION,
        "...",
        body,
        f"{body}.",
        f"{body}.é",
        f"ben{body.removeprefix('ada')}.{signature}",
        memory.write(ada, stranger.organization_id, stranger.program_id, secret),
        memory.write(ada, owner, stranger.program_id, secret),
        memory.write(ada, stranger.organization_id, program, secret),
        memory.write(ada, owner, program, "another secret"),
        memory.write(Memory("ada", SESSION, now - timedelta(days=31)), owner, program, secret),
    ):
        assert shown(forged) is None, forged
        assert shown(forged, good) == "ada", forged
    ben = memory.write(Memory("ben", "", now), owner, program, secret)
    assert shown(ben, good) == shown(good, ben) == "ben", "of two cookies the later touch counts"


def test_another_programs_cookie_starts_no_session_and_is_not_shown(shop: Merchant, visitor: FlaskClient) -> None:
    with db.transaction() as session:
        other = Merchant(shop.organization_id, cast.open_program(session, shop))
        cast.enroll(session, other, "zoe")
    _set("landing_url = :value", f"{WWW}/")
    _follow(visitor, "zoe")
    assert _ask(visitor, shop.program_id)["code"] is None
    assert _ask(visitor, other.program_id)["code"] == "zoe"
    _follow(visitor, "ada")
    assert len({row["session_id"] for row in touches()}) == 2


@pytest.mark.parametrize(
    ("origin", "is_own"),
    [
        (WWW, True),
        ("https://app.shop.test", True),
        ("https://evil.shop.test", False),
        ("http://www.shop.test", False),
        ("https://www.shop.test:8443", False),
        ("https://another.test", False),
        ("null", False),
    ],
)
def test_only_the_programs_own_pages_may_read_set_or_delete(
    shop: Merchant, visitor: FlaskClient, origin: str, is_own: bool
) -> None:
    with db.transaction() as session:
        other = cast.open_merchant(session, "Elsewhere")
        pages = text("UPDATE programs SET landing_url = 'https://another.test/' WHERE id = :id")
        session.execute(pages, {"id": other.program_id})
    headers = {"Origin": origin, "Access-Control-Request-Method": "DELETE"}
    allowed = {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"} if is_own else {}
    for method, status in (("OPTIONS", 200), ("POST", 200), ("GET", 200), ("DELETE", 204)):
        body = '{"code": "ada"}' if method == "POST" else None
        answer = visitor.open(_path(shop.program_id), method=method, base_url=LINKS, data=body, headers=headers)
        assert answer.status_code == (status if is_own or method == "OPTIONS" else 403), method
        credentials = {name: value for name, value in answer.headers if name.startswith("Access-")}
        assert {name: credentials.get(name) for name in allowed} == allowed
        assert bool(credentials) == is_own
        assert ("Set-Cookie" in answer.headers) == (is_own and method in {"POST", "DELETE"}), method
        assert (answer.headers["Vary"], answer.headers["Cache-Control"]) == ("Origin", "no-store")


def test_an_unknown_program_is_not_found(shop: Merchant, visitor: FlaskClient) -> None:
    for asked, status, param in (("?program=prog_nope", 404, "program"), ("", 400, "program")):
        answer = visitor.get(f"/v1/memory{asked}", base_url=LINKS, headers={"Origin": WWW})
        assert (answer.status_code, answer.json["error"]["param"]) == (status, param)
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_owner_sets_and_removes_the_domain_of_its_cookie(owner: Caller, shop: Merchant) -> None:
    path = "/api/v1/cookie-domain"
    shown = owner.call("GET", path).json
    assert (shown["domain"], shown["cookie_name"]) == (None, memory.cookie_name(shop.organization_id))
    for domain in ("shop", "https://shop.test", "shop.test:443", "127.0.0.1", "*.shop.test", "shop..test", ""):
        refused = owner.call("PUT", path, json={"domain": domain})
        assert (refused.status_code, refused.json["error"]["param"]) == (400, "domain"), domain
    for domain in ("co.uk", "github.io"):
        refused = owner.call("PUT", path, json={"domain": domain})
        assert "shared by sites of different owners" in refused.json["error"]["message"], domain
    assert owner.call("PUT", path, json={"domain": " .Shop.Test "}).json["domain"] == "shop.test"
    assert owner.call("PUT", path, json={"domain": "go.shop.test"}).json["domain"] == "go.shop.test"
    for _ in range(2):
        assert owner.call("DELETE", path).json["domain"] is None
    with db.transaction() as session:
        actions = session.scalars(
            text("SELECT action FROM audit_entries WHERE action LIKE 'cookie_domain%' ORDER BY id")
        )
        assert list(actions) == ["cookie_domain.set", "cookie_domain.set", "cookie_domain.removed"]
