"""An organization's Stripe endpoints: made, rotated, closed; a secret goes in and never comes out."""

from typing import Any

import pytest

from .conftest import Caller, MakeCaller

PATH = "/api/v1/stripe-endpoints"
SECRET = "whsec_0123456789wxyz"


@pytest.fixture
def endpoint(owner: Caller) -> Any:
    made = owner.post(PATH, {"livemode": False, "secret": SECRET, "description": "EU shop"})
    assert made.status_code == 201
    return made.json


def test_endpoint_shows_every_field_but_its_secret(owner: Caller, endpoint: Any) -> None:
    shown = owner.get(f"{PATH}/{endpoint['id']}").json
    assert shown == endpoint
    assert shown.pop("created_at").endswith("Z")
    [secret] = shown.pop("secrets")
    assert secret.pop("id").startswith("whs_")
    assert secret.pop("added_at").endswith("Z")
    assert secret == {"ends_with": "wxyz", "expires_at": None}
    assert shown == {
        "id": endpoint["id"],
        "url": f"http://127.0.0.1:8000/webhooks/stripe/{endpoint['id']}",
        "description": "EU shop",
        "livemode": False,
        "is_default": False,
        "disabled": False,
        "disabled_at": None,
        "has_api_key": False,
    }
    assert SECRET not in owner.get(PATH).text + owner.get(f"{PATH}/{endpoint['id']}").text


def test_an_endpoint_is_made_before_stripe_shows_its_secret(owner: Caller) -> None:
    made = owner.post(PATH, {}).json
    assert made["secrets"] == []
    added = owner.post(f"{PATH}/{made['id']}/secrets", {"secret": SECRET})
    assert (added.status_code, [row["ends_with"] for row in added.json["secrets"]]) == (201, ["wxyz"])


def test_a_new_secret_gives_the_former_a_day(owner: Caller, endpoint: Any) -> None:
    secrets = f"{PATH}/{endpoint['id']}/secrets"
    newest, former = owner.post(secrets, {"secret": "whsec_newer"}).json["secrets"]
    assert (newest["ends_with"], newest["expires_at"]) == ("ewer", None)
    assert former["ends_with"] == "wxyz"
    assert former["expires_at"] > newest["added_at"]
    again = owner.post(secrets, {"secret": "whsec_newer"}).json["secrets"]
    assert [one["ends_with"] for one in again] == ["ewer", "wxyz"]
    assert again[1]["expires_at"] == former["expires_at"]
    assert [
        row["ends_with"] for row in owner.post(secrets, {"secret": SECRET, "expires_in_hours": 0}).json["secrets"]
    ] == ["wxyz"]


def test_a_secret_is_removed_unless_it_is_the_last(owner: Caller, endpoint: Any) -> None:
    secrets = f"{PATH}/{endpoint['id']}/secrets"
    newest, former = owner.post(secrets, {"secret": "whsec_newer"}).json["secrets"]
    left = owner.call("DELETE", f"{secrets}/{former['id']}").json["secrets"]
    assert left == [newest]
    refusal = owner.call("DELETE", f"{secrets}/{newest['id']}")
    assert (refusal.status_code, refusal.json["error"]["code"]) == (409, "last_secret")
    gone = owner.call("DELETE", f"{secrets}/{former['id']}")
    assert (gone.status_code, gone.json["error"]["code"]) == (404, "secret_not_found")


def test_an_endpoint_is_disabled_opened_again_and_deleted(owner: Caller, endpoint: Any) -> None:
    path = f"{PATH}/{endpoint['id']}"
    closed = owner.patch(path, {"disabled": True}).json
    assert closed["disabled"]
    assert owner.patch(path, {"disabled": True, "description": "old"}).json["disabled_at"] == closed["disabled_at"]
    opened = owner.patch(path, {"disabled": False}).json
    assert (opened["disabled"], opened["disabled_at"], opened["description"]) == (False, None, "old")
    assert owner.call("DELETE", path).json["secrets"] == []
    assert owner.get(path).json["error"]["code"] == "endpoint_not_found"
    assert owner.get(PATH).json == {"data": [], "has_more": False}


def test_api_key_is_stored_and_never_shown(owner: Caller, endpoint: Any, merchant: Any, caller_of: MakeCaller) -> None:
    path = f"{PATH}/{endpoint['id']}"
    kept = owner.patch(path, {"api_key": "rk_test_a1B2c3D4e5F6g7H8"})
    assert (kept.status_code, kept.json["has_api_key"]) == (200, True)
    assert "rk_test" not in kept.text + owner.get(PATH).text
    assert owner.patch(path, {"description": "still there"}).json["has_api_key"]
    refusal = owner.patch(path, {"api_key": "rk_live_a1B2c3D4e5F6g7H8"})
    assert (refusal.status_code, refusal.json["error"]["param"]) == (400, "api_key")
    assert "rk_live" not in refusal.text
    assert owner.patch(path, {"api_key": None}).json["has_api_key"] is False
    live = caller_of(merchant, livemode=True)
    assert live.post(PATH, {"livemode": True, "api_key": "rk_live_a1B2c3D4e5F6g7H8"}).json["has_api_key"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"livemode": True}, "livemode"),
        ({"livemode": False, "secret": "sk_test_123"}, "secret"),
        ({"livemode": False, "secret": "whsec_"}, "secret"),
        ({"livemode": False, "secret": "whsec_ä"}, "secret"),
        ({"livemode": False, "colour": "blue"}, "colour"),
    ],
)
def test_bodies_that_make_no_endpoint_are_refused(owner: Caller, body: Any, param: str) -> None:
    refusal = owner.post(PATH, body)
    assert (refusal.status_code, refusal.json["error"]["param"]) == (400, param)


def test_the_mode_of_an_endpoint_never_changes(owner: Caller, endpoint: Any) -> None:
    refusal = owner.patch(f"{PATH}/{endpoint['id']}", {"livemode": True})
    assert (refusal.status_code, refusal.json["error"]["param"]) == (400, "livemode")


def test_endpoints_of_other_organizations_are_not_found(stranger: Caller, endpoint: Any) -> None:
    path = f"{PATH}/{endpoint['id']}"
    assert stranger.get(PATH).json == {"data": [], "has_more": False}
    assert stranger.get(path).status_code == 404
    assert stranger.patch(path, {"disabled": True}).status_code == 404
    assert stranger.call("DELETE", path).status_code == 404
    assert stranger.post(f"{path}/secrets", {"secret": SECRET}).status_code == 404
    assert stranger.call("DELETE", f"{path}/secrets/{endpoint['secrets'][0]['id']}").status_code == 404


def test_reading_takes_a_read_key_and_changing_a_manage_key(
    reader: Caller, merchant: Any, caller_of: MakeCaller, endpoint: Any
) -> None:
    path = f"{PATH}/{endpoint['id']}"
    assert reader.get(path).status_code == 200
    assert reader.post(PATH, {"livemode": False}).status_code == 403
    assert reader.patch(path, {"disabled": True}).status_code == 403
    assert reader.post(f"{path}/secrets", {"secret": SECRET}).status_code == 403
    assert reader.call("DELETE", path).status_code == 403
    scoped = caller_of(merchant, "manage", "events:read")
    assert scoped.get(PATH).status_code == 403
