"""What a key changes leaves an entry in the audit trail, which nothing can change or take away."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app import db, ids
from tests.cast import Merchant

from .conftest import Caller, MakeCaller
from .sales import Sale, pay_unattributed, sell


@pytest.fixture
def sale(merchant: Merchant) -> Sale:
    with db.transaction() as session:
        return sell(session, merchant, "ada", 1, customer="cus_cleo")


def trail(caller: Caller, **query: Any) -> list[dict[str, Any]]:
    """The trail as the caller sees it, oldest first."""
    answer = caller.get("/api/v1/audit", **query)
    assert answer.status_code == 200, answer.text
    return list(reversed(answer.json["data"]))


def test_an_entry_has_actor_action_subject_and_request(owner: Caller, merchant: Merchant) -> None:
    answer = owner.post("/api/v1/partners", {"email": "eve@example.com", "slug": "eve", "commission_pct": 25})
    [entry] = trail(owner)
    assert entry.pop("id").startswith("aud_")
    assert entry.pop("actor").startswith("key_")
    assert entry.pop("created_at").endswith("Z")
    assert entry == {
        "organization_id": ids.encode("org", merchant.organization_id),
        "livemode": None,
        "action": "partner.created",
        "subject_id": answer.json["id"],
        "details": {"program_id": ids.encode("prog", merchant.program_id), "slug": "eve", "commission_pct": 25.0},
        "request_id": answer.headers["X-Request-Id"],
    }


def test_every_change_of_a_partner_and_its_promotions_is_audited(owner: Caller, merchant: Merchant) -> None:
    ada = ids.encode("par", merchant.partners["ada"])
    owner.patch(f"/api/v1/partners/{ada}", {"email": "new@example.com", "status": "deactivated"})
    owner.patch(f"/api/v1/partners/{ada}", {"status": "active", "commission_pct": "30"})
    given = owner.post(f"/api/v1/partners/{ada}/promotion-codes", {"code": "ADA20", "existing": True}).json["id"]
    owner.call("DELETE", f"/api/v1/partners/{ada}/promotion-codes/{given}")
    audited = [(entry["action"], entry["subject_id"], entry["details"]) for entry in trail(owner)]
    assert audited == [
        ("partner.updated", ada, {"changed": ["email", "status"], "status": "deactivated"}),
        ("partner.updated", ada, {"changed": ["commission_pct", "status"], "status": "active", "commission_pct": 30.0}),
        ("promotion.given", given, {"partner_id": ada, "code": "ada20"}),
        ("promotion.taken_away", given, {"partner_id": ada, "code": "ada20"}),
    ]


def test_every_decision_about_money_is_audited(owner: Caller, merchant: Merchant, sale: Sale) -> None:
    ben, program = ids.encode("par", merchant.partners["ben"]), ids.encode("prog", merchant.program_id)
    with db.transaction() as session:
        lost = pay_unattributed(session, merchant, 2)
    credit = {"partner_id": ben, "reason": "ben@example.com told us"}
    owner.post(f"/api/v1/payments/{lost}/attribution", credit)
    owner.post("/api/v1/customers/cus_cleo/attribution", {**credit, "all_unpaid": True})
    owner.post(f"/v1/admin/affiliate/programs/{program}/conversions/{sale.conversion_id}/approve")
    owner.post(f"/v1/admin/affiliate/programs/{program}/conversions/{sale.conversion_id}/reject", {"reason": "fraud"})
    owner.post(f"/api/v1/events/{sale.event_id}/replay")
    replay = owner.post("/api/v1/events/replay", {"outcome": "parked"}).json["id"]
    owner.post(f"/api/v1/replays/{replay}/stop")
    owner.post("/api/v1/waiting/ask-again")
    audited = [(entry["action"], entry["subject_id"], entry["details"]) for entry in trail(owner)]
    to_ben = {"partner_id": ben, "include_paid": False}
    assert audited == [
        ("payment.attributed", lost, to_ben),
        ("customer.attributed", "cus_cleo", to_ben),
        ("conversion.approved", sale.conversion_id, {}),
        ("conversion.rejected", sale.conversion_id, {}),
        ("event.replayed", sale.event_id, {}),
        ("replay.requested", replay, {"outcome": "parked"}),
        ("run.stopped", replay, {"kind": "replay"}),
        ("waiting.asked_again", ids.encode("org", merchant.organization_id), {"look_ups": 0}),
    ]


def test_every_change_of_an_endpoint_is_audited_without_its_secrets(owner: Caller) -> None:
    body = {"livemode": False, "secret": "whsec_first", "api_key": "rk_test_" + "1" * 24}
    endpoint = owner.post("/api/v1/stripe-endpoints", body).json
    path = f"/api/v1/stripe-endpoints/{endpoint['id']}"
    owner.post(f"{path}/secrets", {"secret": "whsec_second", "expires_in_hours": 1})
    first = endpoint["secrets"][0]["id"]
    owner.call("DELETE", f"{path}/secrets/{first}")
    owner.patch(path, {"api_key": "rk_test_" + "2" * 24, "disabled": True})
    owner.call("DELETE", path)
    entries = trail(owner)
    assert [(entry["action"], entry["details"]) for entry in entries] == [
        ("endpoint.created", {"livemode": False}),
        ("endpoint.secret_added", {"expires_in_hours": 1}),
        ("endpoint.secret_removed", {"secret_id": first}),
        ("endpoint.updated", {"changed": ["api_key", "disabled"]}),
        ("endpoint.deleted", {}),
    ]
    assert {entry["subject_id"] for entry in entries} == {endpoint["id"]}


def test_refused_request_has_no_audit_entry(owner: Caller, reader: Caller, merchant: Merchant) -> None:
    ada = ids.encode("par", merchant.partners["ada"])
    assert owner.patch(f"/api/v1/partners/{ada}", {"slug": "ben"}).status_code == 409
    assert owner.patch(f"/api/v1/partners/{ada}", {"status": "gone"}).status_code == 400
    assert reader.patch(f"/api/v1/partners/{ada}", {"status": "active"}).status_code == 403
    assert trail(owner) == []


def test_audit_entries_are_filtered_by_action_subject_actor_and_time(
    owner: Caller, merchant: Merchant, caller_of: MakeCaller
) -> None:
    ada, ben = (ids.encode("par", merchant.partners[code]) for code in ("ada", "ben"))
    other = caller_of(merchant)
    owner.patch(f"/api/v1/partners/{ada}", {"first_name": "A"})
    other.patch(f"/api/v1/partners/{ben}", {"first_name": "B"})
    other.post("/api/v1/waiting/ask-again")
    first, second, third = trail(owner)
    assert trail(owner, subject_id=ben) == [second]
    assert trail(owner, action="partner.updated") == [first, second]
    assert trail(owner, actor=second["actor"]) == [second, third]
    assert trail(owner, until=first["created_at"]) == []
    assert trail(owner, since="2000-01-01T00:00:00Z") == [first, second, third]
    assert trail(owner, limit=1) == [third]
    assert trail(owner, limit=1, starting_after=third["id"]) == [second]
    assert owner.get("/api/v1/audit", starting_after="par_x").status_code == 400


def test_audit_trail_needs_a_manage_key_or_scope_and_shows_only_own_entries(
    owner: Caller, reader: Caller, stranger: Caller, caller_of: MakeCaller, merchant: Merchant
) -> None:
    owner.post("/api/v1/waiting/ask-again")
    assert reader.get("/api/v1/audit").status_code == 403
    assert len(trail(caller_of(merchant, "read", "audit:read"))) == 1
    assert trail(stranger) == []


@pytest.mark.parametrize("statement", ["UPDATE audit_entries SET actor = 'cli'", "DELETE FROM audit_entries"])
def test_neither_requests_nor_workers_can_change_or_take_away_an_entry(
    owner: Caller, merchant: Merchant, statement: str
) -> None:
    owner.post("/api/v1/waiting/ask-again")
    with db.transaction() as session:
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(text(statement))
        session.rollback()
    with db.transaction() as session:
        db.narrow_to_organizations(session, [merchant.organization_id], livemode=False)
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(text(statement))
        session.rollback()
