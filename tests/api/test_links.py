"""A partner's link leads to the shop, remembers the visit and never leads anywhere else."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from app import db, ids, web
from app.config import Settings
from app.partners import enrollment
from app.partners.models import Partner
from tests import cast
from tests.cast import Merchant

LANDING = "https://shop.example.com/?lang=en#top"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
ADDRESS = "203.0.113.77"


@pytest.fixture
def shop(merchant: Merchant) -> Merchant:
    """The merchant, with pages to land on."""
    return _with_pages(merchant)


@pytest.fixture
def visitor(application: Flask) -> FlaskClient:
    """A browser that keeps cookies."""
    client = application.test_client()
    client.environ_base |= {"HTTP_USER_AGENT": BROWSER, "REMOTE_ADDR": ADDRESS}
    return client


def _with_pages(merchant: Merchant, landing: str | None = LANDING, *hosts: str) -> Merchant:
    change = text("UPDATE programs SET landing_url = :landing, landing_hosts = :hosts WHERE id = :id")
    values = {"landing": landing, "hosts": ["help.example.com", *hosts], "id": merchant.program_id}
    with db.transaction() as session:
        session.execute(change, values)
    return merchant


def touches() -> list[dict[str, object]]:
    """What was recorded, oldest first."""
    with db.transaction() as session:
        rows = session.execute(text("SELECT * FROM touchpoints ORDER BY touched_at, id")).mappings()
        return [dict(row) for row in rows]


def _query(answer: TestResponse) -> dict[str, list[str]]:
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def test_a_link_leads_to_the_landing_page_and_is_recorded(shop: Merchant, visitor: FlaskClient) -> None:
    answer = visitor.get(
        "/r/ADA?utm_source=news&x=1", headers={"Referer": "https://blog.example/post?mail=a@b.example#c"}
    )
    (touch,) = touches()
    session_id = touch["session_id"]
    expected = f"https://shop.example.com/?lang=en&utm_source=news&ref=ada&aff_sess={session_id}#top"
    assert answer.headers["Location"] == expected
    assert answer.headers["Cache-Control"] == "no-store"
    assert (touch["organization_id"], touch["program_id"]) == (shop.organization_id, shop.program_id)
    assert (touch["partner_id"], touch["code"], touch["source"]) == (shop.partners["ada"], "ada", "link")
    assert (touch["landing"], touch["referrer"]) == ("https://shop.example.com/", "https://blog.example/post")
    assert touch["utm"] == {"source": "news"}


def test_addresses_and_user_agents_are_not_stored(
    shop: Merchant, visitor: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    visitor.get("/r/ada")
    visitor.get("/r/ada", environ_base={"REMOTE_ADDR": "203.0.113.5"})
    visitor.get("/r/ada", environ_base={"REMOTE_ADDR": "198.51.100.1"})
    rows = touches()
    kept = f"{rows} {capfd.readouterr()}"
    assert not re.search(r"203\.0|198\.51|Firefox|Mozilla", kept)
    first, near, far = (row["address_hash"] for row in rows)
    assert first == near != far
    assert len({row["agent_hash"] for row in rows}) == 1


def test_several_partners_links_share_the_browsers_session(shop: Merchant, visitor: FlaskClient) -> None:
    sessions = [_query(visitor.get(f"/r/{code}"))["aff_sess"] for code in ("ada", "ben", "ada")]
    assert sessions[0] == sessions[1] == sessions[2]
    assert [row["code"] for row in touches()] == ["ada", "ben", "ada"]


def test_the_next_link_continues_the_session_of_the_cookie_and_no_script_can_read_it(
    shop: Merchant, visitor: FlaskClient
) -> None:
    said = visitor.get("/r/ada").headers["Set-Cookie"].split("; ")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=2592000"} <= set(said)
    (touch,) = touches()
    name, value = said[0].split("=", 1)
    assert name == f"aff_memory_{shop.organization_id.hex[-12:]}"
    assert value.split(".")[:2] == ["ada", touch["session_id"]]
    assert not any(part.startswith("Domain") for part in said)


def test_without_the_cookie_every_visit_is_a_session_of_its_own(shop: Merchant, settings: Settings) -> None:
    off = web.create_app(Settings(**{**settings.model_dump(by_alias=True), "touchpoint_cookie": False}))
    browser = off.test_client()
    answers = [browser.get("/r/ada") for _ in range(2)]
    assert all("Set-Cookie" not in answer.headers for answer in answers)
    assert len({row["session_id"] for row in touches()}) == 2


@pytest.mark.parametrize("headers", [{"Sec-Purpose": "prefetch;prerender"}, {"User-Agent": "Twitterbot/1.0"}])
def test_prefetching_and_crawlers_make_no_touchpoint_but_are_redirected_with_ref(
    shop: Merchant, visitor: FlaskClient, headers: dict[str, str]
) -> None:
    answer = visitor.get("/r/ada", headers=headers)
    assert _query(answer) == {"lang": ["en"], "ref": ["ada"]}
    assert "Set-Cookie" not in answer.headers
    assert visitor.head("/r/ada").status_code == 302
    assert touches() == []


def test_codes_of_no_active_partner_redirect_without_credit(shop: Merchant, visitor: FlaskClient) -> None:
    with db.transaction() as session:
        enrollment.change_status(session, session.get_one(Partner, shop.partners["ben"]), "paused")
    for code in ("nobody", "ben", "null", "%00", "x" * 600):
        assert visitor.get(f"/r/{code}").headers["Location"] == LANDING
    assert touches() == []


def test_a_paused_program_leads_on_without_credit(shop: Merchant, visitor: FlaskClient) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET status = 'paused'"))
    assert visitor.get("/r/ada").headers["Location"] == LANDING
    assert touches() == []


def test_first_of_two_owners_of_a_code_keeps_the_link_without_a_program(shop: Merchant, visitor: FlaskClient) -> None:
    with db.transaction() as session:
        other = cast.open_merchant(session, "Elsewhere")
        cast.enroll(session, other, "ada")
    _with_pages(other, "https://elsewhere.example/")
    assert "shop.example.com" in visitor.get("/r/ada").headers["Location"]
    program_id = ids.encode(ids.PROGRAM, other.program_id)
    assert "elsewhere.example" in visitor.get(f"/r/ada?program_id={program_id}").headers["Location"]
    assert [row["organization_id"] for row in touches()] == [shop.organization_id, other.organization_id]
    assert len({row["session_id"] for row in touches()}) == 2, "merchants do not share their visitors"


def test_another_merchants_pages_do_not_change_where_an_unknown_code_leads(
    shop: Merchant, visitor: FlaskClient
) -> None:
    with db.transaction() as session:
        other = cast.open_merchant(session, "Elsewhere")
    _with_pages(other, "https://elsewhere.example/")
    assert visitor.get("/r/nobody").headers["Location"] == LANDING
    program_id = ids.encode(ids.PROGRAM, other.program_id)
    assert visitor.get(f"/r/nobody?program_id={program_id}").headers["Location"] == "https://elsewhere.example/"
    _with_pages(shop, None)
    answer = visitor.get("/r/nobody")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "<h1>This link is not known</h1>" in answer.text


def test_a_program_without_a_landing_page_answers_a_page_and_warns_its_owner_in_the_log(
    merchant: Merchant, visitor: FlaskClient
) -> None:
    with capture_logs() as logged:
        answers = [visitor.get("/r/ada") for _ in range(3)]
    for answer in answers:
        assert (answer.status_code, answer.mimetype) == (404, "text/html")
        assert "<h1>This link is not ready yet</h1>" in answer.text
    warnings = [line for line in logged if line["event"] == "landing_page_missing"]
    program_id = ids.encode(ids.PROGRAM, merchant.program_id)
    assert warnings == [
        {"event": "landing_page_missing", "log_level": "warning", "code": "ada", "program_id": program_id}
    ]
    assert touches() == []


def test_links_redirect_to_a_landing_page_that_is_set_later(
    merchant: Merchant, visitor: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.touchpoints.links.CACHE_SECONDS", 0)
    assert visitor.get("/r/ada").status_code == 404
    _with_pages(merchant)
    assert visitor.get("/r/ada").status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "https://help.example.com/start?a=1&ref=ben#there",
        "https://SHOP.example.com:443/start?a=1#there",
    ],
)
def test_a_link_may_lead_deep_into_the_programs_own_hosts(shop: Merchant, visitor: FlaskClient, target: str) -> None:
    answer = visitor.get("/r/ada", query_string={"to": target})
    assert _query(answer)["a"] == ["1"]
    assert _query(answer)["ref"] == ["ada"]
    assert answer.headers["Location"].endswith("#there")
    assert touches()[0]["landing"] in {"https://help.example.com/start", "https://SHOP.example.com:443/start"}


def test_a_link_may_lead_to_the_host_of_a_landing_page_that_names_the_default_port(
    shop: Merchant, visitor: FlaskClient
) -> None:
    _with_pages(shop, "https://Shop.example.com:443/")
    assert _query(visitor.get("/r/ada", query_string={"to": "https://shop.example.com/start?a=1"}))["a"] == ["1"]


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/pricing",
        "https://evil.example/",
        "https://shop.example.com.evil.example/",
        "https://evil.example/https://shop.example.com/",
        "https://shop.example.com@evil.example/",
        "https://shop.example.com:x@evil.example/",
        "https://evil.example#@shop.example.com/",
        "https://evil.example\\@shop.example.com/",
        "https:\\\\evil.example/",
        "https://shop.example.com\\.evil.example/",
        "https:///evil.example/",
        "https:shop.example.com",
        "javascript:alert(1)//shop.example.com",
        "data:text/html,x",
        " https://shop.example.com/",
        "https://shop.example.com/\r\nSet-Cookie: a=b",
        "https://shop.example.com:8443/",
        "https://shop。example.com/",
        "",
    ],
)
@pytest.mark.parametrize("code", ["ada", "nobody"])
def test_a_link_cannot_redirect_to_another_site(shop: Merchant, visitor: FlaskClient, target: str, code: str) -> None:
    answer = visitor.get(f"/r/{code}", query_string={"to": target})
    assert (answer.status_code, answer.get_json()["error"]["param"]) == (400, "to")
    assert "Location" not in answer.headers
    assert touches() == []


@pytest.fixture
def _without_database(shop: Merchant, visitor: FlaskClient) -> Iterator[None]:
    """The database goes away after Ada's link was followed once."""
    visitor.get("/r/ada")
    address = db.web_engine().url
    db.connect_web("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    yield
    db.connect_web(address)


@pytest.mark.usefixtures("_without_database")
def test_links_redirect_while_the_database_is_unreachable(visitor: FlaskClient) -> None:
    answer = visitor.get("/r/ada")
    assert _query(answer) == {"lang": ["en"], "ref": ["ada"]}, "the name alone: the visit could not be recorded"
    assert "Set-Cookie" not in answer.headers
    other = visitor.get("/r/ben")
    assert (other.status_code, other.mimetype) == (503, "text/html")
