"""API keys through the API: shown once, handed on without gaining anything, and ended."""

from typing import Any

import pytest
from sqlalchemy import text

from app import db, ids
from app.organizations import hierarchy
from tests.cast import Merchant

from .conftest import Answer, Caller, MakeCaller


def make(caller: Caller, **body: Any) -> Answer:
    return caller.post("/api/v1/api-keys", {"name": "accounting", "level": "read", **body})


def holder(caller: Caller, made: Answer) -> Caller:
    """A caller with the key that was just made."""
    return Caller(caller.application, made.json["api_key"])


def test_a_key_is_shown_once_and_opens_what_its_level_allows(owner: Caller, merchant: Merchant) -> None:
    made = make(owner)
    assert made.status_code == 201
    plaintext = made.json.pop("api_key")
    assert plaintext.startswith("aff_")
    assert made.json["ends_with"] == plaintext[-4:]
    shown = owner.get(f"/api/v1/api-keys/{made.json['id']}")
    assert shown.json == made.json == owner.get("/api/v1/api-keys").json["data"][0]
    assert shown.json["organization_id"] == ids.encode("org", merchant.organization_id)
    assert shown.json["last_used_at"] is None
    accounting = Caller(owner.application, plaintext)
    assert accounting.get("/api/v1/partners").status_code == 200
    assert accounting.get("/api/v1/commissions").status_code == 403
    assert owner.get(f"/api/v1/api-keys/{made.json['id']}").json["last_used_at"] is not None
    with db.transaction() as session:
        stored = session.scalars(text("SELECT row_to_json(api_keys)::text FROM api_keys")).all()
        trail = session.scalars(text("SELECT row_to_json(audit_entries)::text FROM audit_entries")).all()
    assert not any(plaintext in row for row in (*stored, *trail))


def test_a_revoked_key_opens_nothing_and_stays_in_the_list(owner: Caller) -> None:
    made = make(owner)
    path = f"/api/v1/api-keys/{made.json['id']}"
    revoked = owner.call("DELETE", path)
    assert revoked.status_code == 200
    assert holder(owner, made).get("/api/v1/partners").status_code == 401
    again = owner.call("DELETE", path)
    assert again.json["revoked_at"] == revoked.json["revoked_at"] is not None
    assert owner.get("/api/v1/api-keys").json["data"][0] == revoked.json
    actions = [entry["action"] for entry in owner.get("/api/v1/audit").json["data"]]
    assert actions == ["key.revoked", "key.created"]


def test_key_can_revoke_itself(owner: Caller) -> None:
    [own] = owner.get("/api/v1/api-keys").json["data"]
    assert owner.call("DELETE", f"/api/v1/api-keys/{own['id']}").status_code == 200
    assert owner.get("/api/v1/api-keys").status_code == 401


def test_keys_are_listed_newest_first_from_a_key_on(owner: Caller) -> None:
    for name in ("a", "b", "c"):
        make(owner, name=name)
    first = owner.get("/api/v1/api-keys", limit=2).json["data"]
    rest = owner.get("/api/v1/api-keys", limit=2, starting_after=first[-1]["id"]).json["data"]
    assert [key["name"] for key in first + rest] == ["c", "b", "a", "tests"]


@pytest.mark.parametrize(
    ("level", "scopes", "refused"),
    [
        ("read", ["events:read"], None),
        ("read", ["events:read", "keys:write"], None),
        ("manage", ["events:read"], "scopes"),
        ("read", ["partners:read"], "scopes"),
        ("read", ["events:read", "commissions:read"], "scopes"),
        ("read", [], "level"),
        ("manage", [], "level"),
    ],
)
def test_key_with_scopes_creates_only_keys_with_some_of_its_scopes(
    merchant: Merchant, caller_of: MakeCaller, level: str, scopes: list[str], refused: str | None
) -> None:
    assistant = caller_of(merchant, "read", "keys:write", "events:read")
    made = make(assistant, level=level, scopes=scopes)
    if refused is None:
        assert (made.status_code, made.json["scopes"]) == (201, sorted(scopes))
    else:
        error = made.json["error"]
        assert (made.status_code, error["code"], error["param"]) == (403, "forbidden", refused)


def test_a_read_key_makes_no_keys(reader: Caller) -> None:
    assert make(reader).status_code == 403
    assert reader.get("/api/v1/api-keys").status_code == 200


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"level": "admin"}, "level"),
        ({"scopes": ["everything"]}, "scopes.0"),
        ({"name": " "}, "name"),
        ({"rate_bps": 1}, "rate_bps"),
    ],
)
def test_unknown_scopes_are_refused_by_name(owner: Caller, body: dict[str, Any], param: str) -> None:
    refusal = make(owner, **body)
    assert (refusal.status_code, refusal.json["error"]["param"]) == (400, param)


def test_a_parent_makes_and_ends_keys_of_its_descendants(owner: Caller, merchant: Merchant) -> None:
    with db.transaction() as session:
        child = hierarchy.create_organization(
            session, kind="merchant", name="Daughter", parent_id=merchant.organization_id
        )
    child_id = ids.encode("org", child.id)
    made = make(owner, level="manage", organization_id=child_id)
    assert (made.status_code, made.json["organization_id"]) == (201, child_id)
    daughter = holder(owner, made)
    assert daughter.get("/api/v1/partners").json["total"] == 0
    assert [key["id"] for key in daughter.get("/api/v1/api-keys").json["data"]] == [made.json["id"]]
    assert len(owner.get("/api/v1/api-keys").json["data"]) == 2
    assert len(owner.get("/api/v1/api-keys", organization_id=child_id).json["data"]) == 1
    [entry] = daughter.get("/api/v1/audit").json["data"]
    assert (entry["action"], entry["subject_id"]) == ("key.created", made.json["id"])
    assert owner.call("DELETE", f"/api/v1/api-keys/{made.json['id']}").status_code == 200
    assert daughter.get("/api/v1/partners").status_code == 401


def test_keys_of_parents_and_siblings_cannot_be_made_seen_or_revoked(
    owner: Caller, stranger: Caller, merchant: Merchant, caller_of: MakeCaller
) -> None:
    with db.transaction() as session:
        child = hierarchy.create_organization(
            session, kind="merchant", name="Daughter", parent_id=merchant.organization_id
        )
    daughter = caller_of(Merchant(child.id, child.id))
    [parents] = owner.get("/api/v1/api-keys", organization_id=ids.encode("org", merchant.organization_id)).json["data"]
    for outsider in (daughter, stranger):
        refusal = make(outsider, organization_id=ids.encode("org", merchant.organization_id))
        assert (refusal.status_code, refusal.json["error"]["code"]) == (404, "organization_not_found")
        assert refusal.json["error"]["param"] == "organization_id"
        assert outsider.get(f"/api/v1/api-keys/{parents['id']}").status_code == 404
        assert outsider.call("DELETE", f"/api/v1/api-keys/{parents['id']}").status_code == 404
        assert len(outsider.get("/api/v1/api-keys").json["data"]) == 1
    assert owner.get("/api/v1/api-keys").status_code == 200
