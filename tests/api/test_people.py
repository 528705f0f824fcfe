"""People over the API: added, changed and disabled by live keys, with at most the permissions of the key."""

from app import ids
from tests.cast import Merchant

from .conftest import Caller, MakeCaller

PEOPLE = "/api/v1/people"


def test_live_key_adds_changes_and_disables_people(merchant: Merchant, caller_of: MakeCaller, owner: Caller) -> None:
    live = caller_of(merchant, livemode=True)
    added = live.post(PEOPLE, {"email": "Mara@Example.com", "role": "owner", "name": " Mara "})
    assert added.status_code == 201
    assert (added.json["email"], added.json["name"], added.json["role"]) == ("mara@example.com", "Mara", "owner")
    mara = f"{PEOPLE}/{added.json['id']}"
    assert owner.get(mara).json == added.json
    assert live.patch(mara, {"role": "viewer"}).json["error"]["code"] == "last_owner"
    assert (
        live.post(PEOPLE, {"email": "mara@example.com", "role": "viewer"}).json["error"]["code"] == "already_a_member"
    )
    assert live.post(PEOPLE, {"email": "otto@example.com", "role": "owner"}).status_code == 201
    assert live.patch(mara, {"role": "viewer"}).json["role"] == "viewer"
    assert live.call("DELETE", mara).json["disabled_at"] is not None
    assert live.patch(mara, {"role": "owner"}).json["error"]["code"] == "is_disabled"
    assert [one["email"] for one in owner.get(PEOPLE).json["data"]] == ["otto@example.com", "mara@example.com"]
    [entry] = owner.get("/api/v1/audit", action="person.role_changed").json["data"]
    assert entry["details"] == {"role": "viewer", "before": "owner"}


def test_test_keys_and_keys_with_less_are_refused(merchant: Merchant, caller_of: MakeCaller, owner: Caller) -> None:
    new = {"email": "new@example.com", "role": "viewer"}
    assert "use a live key" in owner.post(PEOPLE, new).json["error"]["message"]
    scoped = caller_of(merchant, "manage", "people:write", "people:read", livemode=True)
    refused = scoped.post(PEOPLE, new)
    assert (refused.status_code, refused.json["error"]["param"]) == (403, "role")
    assert caller_of(merchant, "read", livemode=True).get(PEOPLE).status_code == 403
    assert scoped.get(PEOPLE).json == {"data": [], "has_more": False}


def test_person_in_several_organizations_of_the_key_is_named_with_one(
    merchant: Merchant, caller_of: MakeCaller
) -> None:
    live = caller_of(merchant, livemode=True)
    daughter = live.post("/api/v1/organizations", {"name": "Daughter"}).json["id"]
    shop = ids.encode("org", merchant.organization_id)
    body = {"email": "mara@example.com", "role": "manager"}
    mara = f"{PEOPLE}/{live.post(PEOPLE, body).json['id']}"
    assert live.post(PEOPLE, {**body, "organization_id": daughter}).status_code == 201
    assert live.get(mara).json["error"]["param"] == "organization_id"
    assert [live.get(mara, organization_id=one).json["organization_id"] for one in (shop, daughter)] == [shop, daughter]
