"""Input that no honest client sends: it is refused, never answered with a 500."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app import db
from tests.cast import Merchant

from .conftest import Caller

PARTNERS = "/api/v1/partners"


@pytest.mark.parametrize(
    "path",
    ["/r/a%00b", f"{PARTNERS}/a%00b", "/api/v1/events/a%00b", "/api/v1/explain/a%00b", "/api/v1/audit%00"],
)
def test_a_nul_in_an_address_is_refused_and_not_asked_of_the_database(owner: Caller, path: str) -> None:
    assert owner.get(path).status_code in {400, 404}


def test_metadata_is_at_most_16_kb(owner: Caller) -> None:
    allowed = {"note": "x" * (16 * 1024 - len('{"note": ""}'))}
    assert owner.post(PARTNERS, {"email": "a@example.com", "slug": "a-1", "metadata": allowed}).status_code == 201
    refusal = owner.post(
        PARTNERS, {"email": "b@example.com", "slug": "b-1", "metadata": {"note": allowed["note"] + "x"}}
    )
    assert (refusal.status_code, refusal.json["error"]["param"]) == (400, "metadata")


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x1b", "\x7f", "\x9b", "\u202e"])
def test_metadata_has_no_control_characters_but_tabs_and_ends_of_lines(owner: Caller, character: str) -> None:
    made = owner.post(PARTNERS, {"email": "a@example.com", "slug": "a-1", "metadata": {"note": "one\r\n\ttwo é"}})
    assert (made.status_code, made.json["metadata"]) == (201, {"note": "one\r\n\ttwo é"})
    path = f"{PARTNERS}/{made.json['id']}"
    for metadata in ({"note": f"a{character}b"}, {f"a{character}b": "note"}):
        for refusal in (
            owner.patch(path, {"metadata": metadata}),
            owner.post(PARTNERS, {"email": "b@example.com", "slug": "b-1", "metadata": metadata}),
        ):
            assert (refusal.status_code, refusal.json["error"]["param"].partition(".")[0]) == (400, "metadata")
            assert character not in refusal.text
    assert owner.patch(path, {"metadata": {"a\nb": "note"}}).status_code == 400


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x1b", "\x7f"])
@pytest.mark.parametrize("name", ["X-Request-Id", "User-Agent", "Idempotency-Key", "Referer"])
def test_a_header_with_a_control_character_is_refused_by_its_name(owner: Caller, name: str, character: str) -> None:
    body = {"email": "a@example.com", "slug": "a-1"}
    refusal = owner.call("POST", PARTNERS, {name: f"a{character}b"}, json=body)
    assert (refusal.status_code, refusal.json["error"]["param"]) == (400, name)
    assert owner.call("POST", PARTNERS, {"User-Agent": "caf\u00c3\u0089\tx"}, json=body).status_code == 201


def test_an_account_with_a_line_break_is_refused(owner: Caller) -> None:
    answer = owner.post("/api/v1/backfills", {"since": "2026-01-01T00:00:00Z", "account": "acct_1\r\nX: 1"})
    assert (answer.status_code, answer.json["error"]["param"]) == (400, "account")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("path", ["/api/v1/payments", "/api/v1/audit", "/api/v1/events"])
def test_times_at_the_ends_of_the_calendar_are_refused(owner: Caller, path: str, name: str, moment: str) -> None:
    assert owner.get(path, **{name: moment}).status_code in {400, 404}


def test_link_does_not_redirect_from_https_to_http(merchant: Merchant, client: FlaskClient) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET landing_url = 'https://shop.example/'"))
    assert client.get("/r/ada?to=https://shop.example/a").status_code == 302
    assert client.get("/r/ada?to=http://shop.example/a").status_code == 400
