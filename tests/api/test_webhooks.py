"""Webhook endpoints and deliveries through the API: secrets shown once, filters, tests, resends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from standardwebhooks import Webhook

from app import db, ids, sealing
from app.config import Settings
from app.organizations.models import AuditEntry
from app.outbound import commands
from app.outbox.models import OutboundAttempt, OutboundDelivery, OutboundEndpoint
from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

from .conftest import Caller, MakeCaller

ENDPOINTS = "/api/v1/webhook-endpoints"
DELIVERIES = "/api/v1/webhook-deliveries"
HOOK = {"url": "https://hooks.shop.example/in", "events": ["*"]}


def stored(endpoint_id: str) -> OutboundEndpoint:
    with db.transaction() as session:
        return session.get_one(OutboundEndpoint, ids.decode(endpoint_id, "owe"))


@pytest.fixture
def endpoint(owner: Caller) -> dict[str, Any]:
    made: dict[str, Any] = owner.post(ENDPOINTS, HOOK).json
    return made


def test_an_endpoint_is_made_with_a_secret_that_is_shown_once(owner: Caller, settings: Settings) -> None:
    answer = owner.call("POST", ENDPOINTS, {"Idempotency-Key": "one"}, json={**HOOK, "description": "CRM"})
    assert answer.status_code == 201
    made = answer.json
    secret = made.pop("secret")
    Webhook(secret)  # the library takes it
    assert sealing.unseal(stored(made["id"]).secret_encrypted or "", settings) == secret
    assert (made["events"], made["livemode"], made["disabled"], made["include_backfill"]) == (
        ["*"],
        False,
        False,
        False,
    )
    again = owner.call("POST", ENDPOINTS, {"Idempotency-Key": "one"}, json={**HOOK, "description": "CRM"})
    assert again.json == {**made, "secret": None}
    assert owner.get(f"{ENDPOINTS}/{made['id']}").json == made
    assert owner.get(ENDPOINTS).json == {"data": [made], "has_more": False}


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"url": "http://hooks.shop.example/in"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://hooks.shop.example:8443/"}, "url"),
        ({"url": "hooks"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["commission.created"]}, "events.0"),
        ({"livemode": True}, "livemode"),
    ],
)
def test_a_wrong_address_or_event_is_refused_with_its_field(owner: Caller, change: dict[str, Any], param: str) -> None:
    answer = owner.post(ENDPOINTS, {**HOOK, **change})
    assert (answer.status_code, answer.json["error"]["param"]) == (400, param)


def test_an_endpoint_is_changed_disabled_and_enabled(owner: Caller, endpoint: dict[str, Any]) -> None:
    path = f"{ENDPOINTS}/{endpoint['id']}"
    changed = owner.patch(path, {"events": ["commission.paid", "commission.accrued", "commission.paid"]}).json
    assert changed["events"] == ["commission.accrued", "commission.paid"]
    disabled = owner.patch(path, {"disabled": True}).json
    assert (disabled["disabled"], disabled["disabled_reason"]) == (True, "by_request")
    refused = owner.post(f"{path}/test")
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "endpoint_disabled")
    enabled = owner.patch(path, {"disabled": False}).json
    assert (enabled["disabled"], enabled["disabled_at"], enabled["disabled_reason"]) == (False, None, None)
    assert owner.patch(path, {"url": None}).status_code == 400


def test_with_a_new_address_the_days_of_failing_begin_again(owner: Caller, endpoint: dict[str, Any]) -> None:
    path = f"{ENDPOINTS}/{endpoint['id']}"
    since = datetime.now(UTC) - timedelta(hours=71)
    with db.transaction() as session:
        session.execute(update(OutboundEndpoint).values(failing_since=since))
    owner.patch(path, {"description": "the same address"})
    assert stored(endpoint["id"]).failing_since == since
    owner.patch(path, {"url": "https://hooks.shop.example/mended"})
    assert stored(endpoint["id"]).failing_since is None


def test_a_rotated_secret_signs_beside_its_successor_for_a_day(
    owner: Caller, endpoint: dict[str, Any], settings: Settings
) -> None:
    rotated = owner.post(f"{ENDPOINTS}/{endpoint['id']}/rotate-secret").json
    assert rotated["secret"] != endpoint["secret"]
    row = stored(endpoint["id"])
    sealed = (row.secret_encrypted or "", row.previous_secret_encrypted or "")
    assert [sealing.unseal(text, settings) for text in sealed] == [rotated["secret"], endpoint["secret"]]
    ends_at = datetime.fromisoformat(rotated["previous_secret_ends_at"])
    assert timedelta(hours=23) < ends_at - datetime.now(UTC) <= timedelta(hours=24)
    with db.transaction() as session:
        session.execute(update(OutboundEndpoint).values(previous_secret_ends_at=datetime.now(UTC)))
    assert owner.get(f"{ENDPOINTS}/{endpoint['id']}").json["previous_secret_ends_at"] is None


def test_a_deleted_endpoint_has_no_secret_and_nothing_waits_for_it(owner: Caller, endpoint: dict[str, Any]) -> None:
    path = f"{ENDPOINTS}/{endpoint['id']}"
    delivery = owner.post(f"{path}/test").json
    assert owner.call("DELETE", path).status_code == 200
    assert owner.get(path).json["error"]["code"] == "webhook_endpoint_not_found"
    assert stored(endpoint["id"]).secret_encrypted is None
    shown = owner.get(f"{DELIVERIES}/{delivery['id']}").json
    assert (shown["status"], shown["next_attempt_at"]) == ("given_up", None)
    assert shown["finished_at"] is not None
    refused = owner.post(f"{DELIVERIES}/{delivery['id']}/resend")
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "endpoint_disabled")


def test_a_test_message_goes_to_one_endpoint_whatever_it_asks_for(owner: Caller, endpoint: dict[str, Any]) -> None:
    picky = owner.post(ENDPOINTS, {**HOOK, "events": ["commission.paid"]}).json
    sent = owner.post(f"{ENDPOINTS}/{picky['id']}/test")
    assert sent.status_code == 201
    [listed] = owner.get(DELIVERIES).json["data"]
    assert listed == sent.json
    assert (listed["endpoint_id"], listed["type"], listed["status"]) == (picky["id"], "webhook.test", "pending")
    payload = owner.get(f"{DELIVERIES}/{listed['id']}").json["payload"]
    assert (payload["id"], payload["data"]) == (listed["message_id"], {"endpoint_id": picky["id"]})


def test_deliveries_are_filtered_and_shown_with_their_attempts(
    owner: Caller, endpoint: dict[str, Any], deliver: Deliver, drain: Drain
) -> None:
    other = owner.post(ENDPOINTS, {**HOOK, "events": ["commission.accrued"]}).json
    deliver(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
    drain()
    assert len(owner.get(DELIVERIES).json["data"]) == 3
    [accrued] = owner.get(DELIVERIES, endpoint_id=other["id"]).json["data"]
    assert len(owner.get(DELIVERIES, type="commission.accrued").json["data"]) == 2
    assert owner.get(DELIVERIES, status="given_up").json["data"] == []
    first, *_ = owner.get(DELIVERIES, limit=1).json["data"]
    assert len(owner.get(DELIVERIES, starting_after=first["id"]).json["data"]) == 2
    assert owner.get(DELIVERIES, endpoint_id="owe_1").status_code == 400
    attempt(accrued["id"], 500, {"problem": "answered_with", "status": 500}, "down")
    shown = owner.get(f"{DELIVERIES}/{accrued['id']}").json
    [made] = shown["attempts"]
    assert (made["status_code"], made["error"], made["answer"]) == (500, "answered_with", "down")
    assert made["reason"] == "The server answered 500."
    assert shown["payload"]["data"]["id"].startswith("com_")


def test_a_message_is_resent_with_its_id(owner: Caller, endpoint: dict[str, Any]) -> None:
    sent = owner.post(f"{ENDPOINTS}/{endpoint['id']}/test").json
    with db.transaction() as session:
        gone = {"state": "given_up", "attempts": 10, "finished_at": datetime.now(UTC)}
        session.execute(update(OutboundDelivery).values(**gone))
    resent = owner.post(f"{DELIVERIES}/{sent['id']}/resend").json
    assert (resent["status"], resent["attempt_count"], resent["finished_at"]) == ("pending", 0, None)
    assert resent["message_id"] == sent["message_id"]


def test_neither_another_shop_nor_the_other_mode_sees_an_endpoint(
    merchant: Merchant, owner: Caller, stranger: Caller, caller_of: MakeCaller, endpoint: dict[str, Any]
) -> None:
    delivery = owner.post(f"{ENDPOINTS}/{endpoint['id']}/test").json
    for caller in (stranger, caller_of(merchant, livemode=True)):
        assert caller.get(ENDPOINTS).json["data"] == []
        assert caller.get(DELIVERIES).json["data"] == []
        assert caller.get(f"{ENDPOINTS}/{endpoint['id']}").status_code == 404
        assert caller.post(f"{DELIVERIES}/{delivery['id']}/resend").status_code == 404
    assert caller_of(merchant, "read").get(DELIVERIES).status_code == 403


def test_an_organization_has_a_limited_number_of_endpoints(
    owner: Caller, endpoint: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MOST_ENDPOINTS", 1)
    refused = owner.post(ENDPOINTS, HOOK)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "too_many_endpoints")


def test_every_change_is_in_the_audit_trail_without_secret_or_address(owner: Caller, endpoint: dict[str, Any]) -> None:
    path = f"{ENDPOINTS}/{endpoint['id']}"
    owner.patch(path, {"url": "https://new.shop.example/"})
    rotated = owner.post(f"{path}/rotate-secret").json
    sent = owner.post(f"{path}/test").json
    owner.post(f"{DELIVERIES}/{sent['id']}/resend")
    owner.call("DELETE", path)
    with db.transaction() as session:
        entries = session.execute(select(AuditEntry.action, AuditEntry.details).order_by(AuditEntry.id)).all()
    actions = [entry.action for entry in entries if entry.action.startswith("webhook_")]
    assert actions == [
        *("webhook_endpoint.created", "webhook_endpoint.updated", "webhook_endpoint.secret_rotated"),
        *("webhook_endpoint.tested", "webhook_delivery.resent", "webhook_endpoint.deleted"),
    ]
    kept = str([entry.details for entry in entries])
    assert rotated["secret"] not in kept
    assert "shop.example" not in kept


def attempt(delivery_id: str, status_code: int, problem: dict[str, Any], answer: str) -> None:
    with db.transaction() as session:
        delivery = session.get_one(OutboundDelivery, ids.decode(delivery_id, "omd"))
        row = OutboundAttempt(
            delivery_id=delivery.id,
            organization_id=delivery.organization_id,
            livemode=delivery.livemode,
            attempted_at=datetime.now(UTC),
            duration_ms=12,
            status_code=status_code,
            problem=problem,
            answer=answer,
        )
        session.add(row)
