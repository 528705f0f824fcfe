"""Becoming a partner by oneself: open sign-up, invitations, and what a known address is told."""

from typing import Any

import pytest
from sqlalchemy import text

from app import db, ids
from app.partners import enrollment, invitations
from app.partners.models import Partner, Program
from tests.cast import Merchant

from .conftest import Answer, Caller

SIGN_UP = "/v1/public/affiliate/signup"
ZOE = {"name": "Zoe van Dyke", "email": "Zoe@Example.com"}


@pytest.fixture(autouse=True)
def _open(merchant: Merchant) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET open_signup = true"))


def sign_up(caller: Caller, merchant: Merchant, **changes: Any) -> Answer:
    return caller.post(SIGN_UP, {"program_id": ids.encode("prog", merchant.program_id), **ZOE, **changes})


def told_owner() -> int:
    with db.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM partner_mails")) or 0


def token_for(merchant: Merchant, email: str) -> str:
    with db.transaction() as session:
        invited = invitations.invite(session, session.get_one(Program, merchant.program_id), email)
    assert invited.token is not None
    return invited.token


def test_one_call_makes_an_organization_its_key_and_a_pending_enrollment(
    nobody: Caller, owner: Caller, merchant: Merchant
) -> None:
    made = sign_up(nobody, merchant)
    assert made.status_code == 201, made.text
    assert made.json["status"] == "pending"
    assert made.json["code"].startswith("zoe-van-dyke-")
    zoe = Caller(nobody.application, made.json["api_key"])
    [program] = zoe.get("/v1/admin/affiliate-me/programs").json["data"]
    assert (program["partner_id"], program["enrollment_status"]) == (made.json["partner_id"], "pending")
    shown = owner.get(f"/api/v1/partners/{made.json['partner_id']}").json
    assert (shown["email"], shown["first_name"], shown["last_name"]) == ("zoe@example.com", "Zoe", "van Dyke")
    assert shown["status"] == "invited"


def test_who_signed_up_cannot_approve_itself(nobody: Caller, merchant: Merchant) -> None:
    made = sign_up(nobody, merchant).json
    zoe = Caller(nobody.application, made["api_key"])
    refused = zoe.post("/v1/admin/affiliate-me/invitations/accept", {"program_id": made["program_id"]})
    assert (refused.status_code, refused.json["error"]["code"]) == (404, "invitation_not_found")


@pytest.mark.parametrize("status", ["pending", "active", "paused", "banned", "deactivated"])
def test_a_known_address_is_answered_the_same_whatever_its_status(
    nobody: Caller, merchant: Merchant, status: str
) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE partners SET status = :status WHERE slug = 'ada'"), {"status": status})
    answer = sign_up(nobody, merchant, email="ADA@partners.example")
    assert answer.status_code == 202
    assert set(answer.json) == {"message"}
    with db.transaction() as session:
        assert session.get_one(Partner, merchant.partners["ada"]).partner_organization_id is None
        assert session.scalar(text("SELECT count(*) FROM organizations")) == 1
    assert told_owner() == (0 if status in enrollment.ENDED else 1)


def test_an_address_is_written_to_once_an_hour(nobody: Caller, merchant: Merchant) -> None:
    for _ in range(3):
        assert sign_up(nobody, merchant, email="ada@partners.example").status_code == 202
    assert told_owner() == 1


@pytest.mark.parametrize(
    "closing",
    ["open_signup = false", "status = 'draft'", "status = 'paused'", "status = 'archived', is_default = false"],
)
def test_a_closed_program_is_like_none_even_for_a_known_address(
    nobody: Caller, merchant: Merchant, closing: str
) -> None:
    with db.transaction() as session:
        session.execute(text(f"UPDATE programs SET {closing}"))
    for email in ("zoe@example.com", "ada@partners.example"):
        refused = sign_up(nobody, merchant, email=email)
        assert (refused.status_code, refused.json["error"]["code"]) == (404, "program_not_found")
    assert told_owner() == 0


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"name": ""}, "name"),
        ({"email": "zoe"}, "email"),
        ({"email": None}, "email"),
        ({"program_id": None}, "program_id"),
        ({"token": "t"}, "program_id"),
        ({"name": "a\x00b"}, "name"),
        ({"status": "active"}, "status"),
    ],
)
def test_field_at_fault_is_named(nobody: Caller, merchant: Merchant, changes: dict[str, Any], param: str) -> None:
    refused = sign_up(nobody, merchant, **changes)
    assert (refused.status_code, refused.json["error"]["param"]) == (400, param)


def test_an_invitations_token_makes_the_account_of_the_partner_that_exists(nobody: Caller, merchant: Merchant) -> None:
    token = token_for(merchant, "ada@partners.example")
    made = nobody.post(SIGN_UP, {"token": token, "name": "Ada"})
    assert (made.status_code, made.json["status"]) == (201, "active")
    assert made.json["partner_id"] == ids.encode("par", merchant.partners["ada"])
    again = nobody.post(SIGN_UP, {"token": token, "name": "Ada"})
    assert (again.status_code, again.json["error"]["code"]) == (404, "invitation_not_found")


def test_an_organization_accepts_an_invitation_with_its_own_key(
    stranger: Caller, merchant: Merchant, owner: Caller
) -> None:
    token = token_for(merchant, "zoe@example.com")
    accepted = stranger.post("/v1/admin/affiliate-me/invitations/accept", {"token": token})
    assert (accepted.status_code, accepted.json["enrollment_status"]) == (200, "active")
    trail = owner.get("/api/v1/audit", action="partner.joined").json["data"]
    assert [entry["subject_id"] for entry in trail] == [accepted.json["partner_id"]]
    for body in ({}, {"token": token, "program_id": accepted.json["id"]}):
        refused = stranger.post("/v1/admin/affiliate-me/invitations/accept", body)
        assert (refused.status_code, refused.json["error"]["param"]) == (400, "token")


def test_an_acceptance_that_is_sent_again_is_answered_again(stranger: Caller, merchant: Merchant) -> None:
    body = {"token": token_for(merchant, "zoe@example.com")}
    headers = {"Authorization": f"Bearer {stranger.key}", "Idempotency-Key": "k1"}
    client = stranger.application.test_client()
    path = "/v1/admin/affiliate-me/invitations/accept"
    answers = [client.post(path, json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json == answers[1].json


def test_one_address_may_sign_up_only_so_often(nobody: Caller, merchant: Merchant) -> None:
    statuses = [sign_up(nobody, merchant, email=f"zoe{number}@example.com").status_code for number in range(7)]
    assert statuses == [201] * 5 + [429] * 2
