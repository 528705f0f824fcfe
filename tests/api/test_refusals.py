"""Authentication of requests, and the form of every refusal."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from app import db
from app.organizations import hierarchy, keys
from app.organizations.permissions import PERMISSIONS
from app.organizations.permissions import Caller as KeyHolder
from tests.cast import Merchant, open_merchant

from .conftest import Caller, MakeCaller

READS = (
    "/api/v1/partners",
    "/api/v1/affiliates",
    "/api/v1/conversions",
    "/api/v1/commissions",
    "/commissions",
    "/api/v1/payments",
    "/api/v1/events",
)
FINANCIAL = ("/api/v1/conversions", "/api/v1/commissions", "/commissions", "/api/v1/payments")
NOT_FINANCIAL = {
    "programs:read",
    "partners:read",
    "events:read",
    "endpoints:read",
    "keys:read",
    "organizations:read",
}


@pytest.mark.parametrize("path", READS)
def test_without_a_key_nothing_is_shown(anonymous: Caller, path: str) -> None:
    answer = anonymous.get(path)
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_key_is_asked_for_before_the_request_is_read(anonymous: Caller) -> None:
    assert anonymous.get("/api/v1/partners", page="zero").status_code == 401
    assert anonymous.post("/api/v1/partners", {"nonsense": 1}).status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "aff_x", "Bearer aff_unknown", "Bearer \xff"])
def test_malformed_or_unknown_keys_are_refused(application: Flask, header: str) -> None:
    answer = application.test_client().get("/api/v1/partners", headers={"Authorization": header})
    assert answer.status_code == 401


def test_revoked_key_is_refused(owner: Caller, merchant: Merchant) -> None:
    assert owner.get("/api/v1/partners").status_code == 200
    with db.transaction() as session:
        owners = [merchant.organization_id]
        [key] = keys.list_keys(session, owners, limit=2).rows
        assert key.last_used_at is not None
        keys.revoke_key(session, "cli", owners, keys.public_id(key))
    assert owner.get("/api/v1/partners").status_code == 401


def test_read_key_reads_what_is_not_financial_and_writes_nothing(reader: Caller) -> None:
    for path in READS:
        assert reader.get(path).status_code == (403 if path in FINANCIAL else 200), path
    refusal = reader.post("/api/v1/partners", {"email": "z@example.com", "slug": "z"})
    assert (refusal.status_code, refusal.json["error"]["code"]) == (403, "forbidden")


def test_scope_grants_what_it_names_and_nothing_else(caller_of: MakeCaller, merchant: Merchant) -> None:
    accountant = caller_of(merchant, "read", "commissions:read")
    assert accountant.get("/api/v1/commissions").status_code == 200
    assert accountant.get("/api/v1/partners").status_code == 403
    assert caller_of(merchant, "manage", "partners:read").get("/api/v1/commissions").status_code == 403


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_level_alone_allows_reads_that_are_not_financial_or_everything(permission: str) -> None:
    anonymous = "00000000-0000-0000-0000-000000000000"
    manager, reader = (
        KeyHolder(anonymous, anonymous, (), level, frozenset(), livemode=False, kind="merchant")  # type: ignore[arg-type]
        for level in ("manage", "read")
    )
    assert manager.may(permission)
    assert reader.may(permission) is (permission in NOT_FINANCIAL)


def test_key_of_a_parent_opens_its_descendants_and_not_the_reverse(merchant: Merchant, caller_of: MakeCaller) -> None:
    with db.transaction() as session:
        child = open_merchant(session, "Daughter")
        grandchild = hierarchy.create_organization(
            session, kind="merchant", name="Grandchild", parent_id=child.organization_id
        )
        session.execute(
            text("UPDATE organizations SET parent_id = :parent WHERE id = :child"),
            {"parent": merchant.organization_id, "child": child.organization_id},
        )
        managed = hierarchy.own_and_descendants(session, merchant.organization_id)
        assert set(managed) == {merchant.organization_id, child.organization_id, grandchild.id}
    assert caller_of(child).get("/api/v1/partners").json["total"] == 0
    caller_of(child).post("/api/v1/partners", {"email": "z@example.com", "slug": "z"})
    assert caller_of(merchant).get("/api/v1/partners").json["total"] == 4


def test_key_is_kept_as_a_hash_only(merchant: Merchant) -> None:
    with db.transaction() as session:
        key, plaintext = keys.create_key(session, merchant.organization_id, name="k", level="read")
        assert plaintext.startswith("aff_")
        assert plaintext.endswith(key.hint)
        stored = session.execute(text("SELECT api_keys::text FROM api_keys")).scalars().all()
    assert not any(plaintext in row for row in stored)


@pytest.mark.parametrize("path", ["/api/v1/partners", "/api/v1/payments", "/commissions", "/api/v1/events"])
def test_unknown_query_fields_are_refused_by_name(owner: Caller, path: str) -> None:
    error = owner.get(path, colour="red").json["error"]
    assert (error["code"], error["param"]) == ("invalid_request", "colour")


@pytest.mark.parametrize("body", ["", "{", "[]", '"{}"', "null", '{"email": NaN, "slug": "z"}', "[" * 5000])
def test_body_that_is_no_json_object_is_refused(owner: Caller, body: str) -> None:
    answer = owner.call("POST", "/api/v1/partners", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid_request")


def test_other_content_types_are_415(owner: Caller) -> None:
    answer = owner.call("POST", "/api/v1/partners", data="email=z", content_type="text/plain")
    assert (answer.status_code, answer.json["error"]["code"]) == (415, "unsupported_media_type")


def test_large_bodies_are_413(owner: Caller) -> None:
    answer = owner.post("/api/v1/partners", {"email": "x" * 1_100_000})
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "too_large")


def test_unknown_paths_and_methods_answer_in_json(owner: Caller) -> None:
    missing = owner.get("/api/v2/partners")
    assert (missing.status_code, missing.json["error"]["code"]) == (404, "not_found")
    wrong = owner.call("PUT", "/api/v1/partners")
    assert (wrong.status_code, wrong.json["error"]["code"]) == (405, "method_not_allowed")
    assert "POST" in wrong.headers["Allow"]


def test_request_id_is_echoed_or_made(owner: Caller, application: Flask) -> None:
    client = application.test_client()
    assert client.get("/healthz", headers={"X-Request-Id": "abc-1"}).headers["X-Request-Id"] == "abc-1"
    assert len(client.get("/healthz", headers={"X-Request-Id": "a b"}).headers["X-Request-Id"]) == 32


@pytest.fixture
def broken(application: Flask) -> Iterator[Flask]:
    """The application with its database gone."""
    db.connect_web("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    yield application
    db.disconnect()


def test_without_a_database_the_answer_is_503_without_details(owner: Caller, broken: Flask) -> None:
    answer = owner.get("/api/v1/partners")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "unavailable")
    assert "127.0.0.1" not in answer.text


def test_a_bug_is_a_500_without_its_words(application: Flask, owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(**_: object) -> None:
        raise RuntimeError("the secret is 42")

    application.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setitem(application.view_functions, "Partners.list_partners", explode)
    answer = owner.get("/api/v1/partners")
    assert (answer.status_code, answer.json["error"]["code"]) == (500, "internal_error")
    assert "42" not in answer.text
