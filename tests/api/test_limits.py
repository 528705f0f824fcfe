"""So many requests a minute for each key, and what the answers say of it. No turn of a minute matters: it moves."""

import time
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from app import db, web
from app.config import Settings
from app.errors import RateLimited
from app.http import throttle
from app.organizations import request_limits
from app.rest.links.routes import LINKS_PER_MINUTE
from tests.cast import Merchant

from .conftest import Answer, Caller, MakeCaller, figure

PARTNERS = "/api/v1/partners"
NOWHERE = "redis://127.0.0.1:1"


def limit_headers(answer: Answer) -> tuple[int, int]:
    """The limit and what is left of it, as the answer says."""
    return int(answer.headers["X-RateLimit-Limit"]), int(answer.headers["X-RateLimit-Remaining"])


@pytest.fixture
def application(settings: Settings, application: Flask) -> Flask:
    """The application with the limits everybody starts with."""
    as_installed = {"reads_per_minute": 120, "writes_per_minute": 30, "trusted_proxies": "10.0.0.0/8"}
    return web.create_app(Settings(**{**settings.model_dump(by_alias=True), **as_installed}))


def test_the_121st_read_in_a_minute_is_refused(reader: Caller) -> None:
    for number in range(1, 121):
        assert limit_headers(reader.get(PARTNERS, per_page=1)) == (120, 120 - number)
    refusal = reader.get(PARTNERS)
    assert (refusal.status_code, refusal.json["error"]["code"]) == (429, "rate_limited")
    assert limit_headers(refusal) == (120, 0)
    assert 1 <= int(refusal.headers["Retry-After"]) <= 60
    assert abs(int(refusal.headers["X-RateLimit-Reset"]) - time.time()) <= 61


def test_the_31st_write_in_a_minute_is_refused_whatever_its_method(owner: Caller) -> None:
    methods = [("POST", PARTNERS), ("PATCH", f"{PARTNERS}/par_1"), ("DELETE", f"{PARTNERS}/par_1/promotion-codes/x")]
    for number in range(1, 31):
        method, path = methods[number % 3]
        answer = owner.call(method, path)
        assert answer.status_code in {400, 404, 415}, answer.text
        assert limit_headers(answer) == (30, 30 - number)
    assert {owner.call(method, path).status_code for method, path in methods} == {429}
    assert limit_headers(owner.get(PARTNERS)) == (120, 119)


def test_each_key_has_an_account_of_its_own(owner: Caller, reader: Caller) -> None:
    assert limit_headers(owner.get(PARTNERS)) == (120, 119)
    assert limit_headers(owner.get("/api/v1/payments")) == (120, 118)
    assert limit_headers(reader.get(PARTNERS)) == (120, 119)


def test_every_refusal_has_the_limit_headers_too(reader: Caller) -> None:
    refused = [
        reader.get("/api/v1/payments"),
        reader.get(PARTNERS, colour="red"),
        reader.get(f"{PARTNERS}/par_none"),
    ]
    assert [answer.status_code for answer in refused] == [403, 400, 404]
    assert [limit_headers(answer) for answer in refused] == [(120, 119), (120, 118), (120, 117)]


def test_without_a_valid_key_the_address_is_counted(anonymous: Caller, application: Flask, owner: Caller) -> None:
    assert limit_headers(anonymous.get(PARTNERS)) == (120, 119)
    assert limit_headers(anonymous.get("/api/v9/nothing")) == (120, 118)
    guessing = Caller(application, "aff_guess")
    statuses = [guessing.get(PARTNERS).status_code for _ in range(120)]
    assert (statuses[0], statuses[-1]) == (401, 429)
    assert owner.get(PARTNERS).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/openapi.json", "/checkout.js"])
def test_operations_routes_are_not_limited(anonymous: Caller, path: str) -> None:
    assert "X-RateLimit-Limit" not in anonymous.get(path).headers


def test_stripe_deliveries_are_not_limited(anonymous: Caller) -> None:
    answers = [anonymous.post(f"/webhooks/stripe{path}", {}) for path in ("", "/whe_none", "/a/b") for _ in range(35)]
    assert {answer.status_code for answer in answers} == {404, 503}
    assert not any("X-RateLimit-Limit" in answer.headers for answer in answers)


def test_without_redis_requests_pass_uncounted_and_a_metric_counts_them(
    owner: Caller, anonymous: Caller, settings: Settings
) -> None:
    before = figure(anonymous.get("/metrics").text, "accrual_uncounted_requests_total")
    request_limits.connect(Settings(**{**settings.model_dump(by_alias=True), "redis_url": NOWHERE}))
    for _ in range(35):
        answer = owner.post(PARTNERS, {})
        assert (answer.status_code, "X-RateLimit-Limit" in answer.headers) == (400, False)
    request_limits.connect(settings)
    assert figure(anonymous.get("/metrics").text, "accrual_uncounted_requests_total") - before == 35


@pytest.mark.parametrize(
    ("asking", "forwarded", "known_as"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "192.0.2.1, 198.51.100.7, 10.9.9.9", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "unknown"),
        ("2001:db8::1", "", "2001:db8::/64"),
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
    ],
)
def test_client_address_is_taken_from_trusted_proxies_only(
    application: Flask, asking: str, forwarded: str, known_as: str
) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    with application.test_request_context("/", headers=headers, environ_base={"REMOTE_ADDR": asking}):
        assert throttle.address() == known_as


@pytest.fixture
def beacon(application: Flask) -> Iterator[None]:
    with application.test_request_context("/", environ_base={"REMOTE_ADDR": "203.0.113.9"}):
        yield


def test_a_public_route_has_a_limit_of_its_own_for_each_address(beacon: None, merchant: Merchant) -> None:
    for _ in range(3):
        throttle.count_public("beacon", per_minute=3)
    with pytest.raises(RateLimited):
        throttle.count_public("beacon", per_minute=3)
    throttle.count_public("signup", per_minute=3)


def test_the_window_is_any_minute_not_that_of_the_clock(
    application: Flask, owner: Caller, caller_of: MakeCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    started_at = time.time()
    for _ in range(30):
        owner.post(PARTNERS, {})
    for seconds, status in ((30, 429), (59, 429), (61, 400)):
        monkeypatch.setattr("limits.storage.redis.time.time", lambda later=seconds: started_at + later)
        assert owner.post(PARTNERS, {}).status_code == status


def test_all_keys_of_an_organization_make_ten_times_as_many_together(merchant: Merchant, caller_of: MakeCaller) -> None:
    for _ in range(10):
        key = caller_of(merchant)
        assert {key.post(PARTNERS, {}).status_code for _ in range(30)} == {400}
    fresh = caller_of(merchant)
    refusal = fresh.post(PARTNERS, {})
    assert (refusal.status_code, limit_headers(refusal)) == (429, (300, 0))
    assert fresh.get(PARTNERS).status_code == 200


@pytest.mark.parametrize(
    ("forwarded", "counted"),
    [
        ("203.0.113.9:5678", "203.0.113.9"),
        ("198.51.100.7, 203.0.113.9:443, 10.0.0.2:80", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::/64"),
        ("[2001:db8::1]", "2001:db8::/64"),
        ("2001:db8::1", "2001:db8::/64"),
        ("[::ffff:203.0.113.9]:443", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("  198.51.100.7 ,\t203.0.113.9:443 , 10.0.0.2  ", "203.0.113.9"),
        ("203.0.113.9,,", "203.0.113.9"),
        ("203.0.113.9, ::ffff:10.0.0.2", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::/64"),
        ("[fe80::1%eth0]:443", "fe80::/64"),
        ("fe80::1%a,fe80::2%b", "fe80::/64"),
        ("not:an:address", "unknown"),
    ],
)
def test_a_forwarded_address_may_carry_a_port(application: Flask, forwarded: str, counted: str) -> None:
    from_proxy = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": forwarded}
    with application.test_request_context("/", environ_base=from_proxy):
        assert throttle.address() == counted


def test_following_links_too_often_records_nothing_and_guessing_codes_is_refused(
    merchant: Merchant, application: Flask
) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET landing_url = 'https://shop.example/'"))
    visitor = application.test_client()
    guesses = [visitor.get(f"/r/guess-{number}").status_code for number in range(LINKS_PER_MINUTE - 1)]
    assert 429 not in guesses
    assert "aff_sess" in visitor.get("/r/ada").location
    assert visitor.get("/r/one-more").status_code == 429
    leads_on = visitor.get("/r/ada")
    assert (leads_on.status_code, "aff_sess" in leads_on.location) == (302, False)
