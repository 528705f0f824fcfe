"""Becoming a partner by oneself: open sign-up, confirming the address, and invitations."""

from typing import Any

import pytest
from sqlalchemy import text

from app import db, ids
from app.partners.joining import confirmations, invitations
from app.partners.models import Partner
from app.partners.validation import ENDED
from app.programs.models import Program
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


def mails_to_owner() -> int:
    with db.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM mails")) or 0


def token_to_confirm(partner_id: str) -> str:
    with db.transaction() as session:
        return confirmations.issue(session, session.get_one(Partner, ids.decode(partner_id, "par")))


def confirm(caller: Caller, token: str) -> Answer:
    return caller.post("/v1/public/affiliate/confirmation", {"token": token})


def token_for(merchant: Merchant, email: str) -> str:
    with db.transaction() as session:
        invited = invitations.invite(session, "public", session.get_one(Program, merchant.program_id), email)
    assert invited.token is not None
    return invited.token


def test_one_call_makes_an_organization_its_key_and_a_pending_enrollment(
    anonymous: Caller, owner: Caller, merchant: Merchant
) -> None:
    made = sign_up(anonymous, merchant)
    assert made.status_code == 201, made.text
    assert made.json["status"] == "pending"
    assert made.json["code"].startswith("zoe-van-dyke-")
    zoe = Caller(anonymous.application, made.json["api_key"])
    [program] = zoe.get("/v1/admin/affiliate-me/programs").json["data"]
    assert (program["partner_id"], program["enrollment_status"]) == (made.json["partner_id"], "pending")
    shown = owner.get(f"/api/v1/partners/{made.json['partner_id']}").json
    assert (shown["email"], shown["first_name"], shown["last_name"]) == ("zoe@example.com", "Zoe", "van Dyke")
    assert shown["status"] == "invited"


def test_signed_up_partner_cannot_approve_itself(anonymous: Caller, merchant: Merchant) -> None:
    made = sign_up(anonymous, merchant).json
    zoe = Caller(anonymous.application, made["api_key"])
    refused = zoe.post("/v1/admin/affiliate-me/invitations/accept", {"program_id": made["program_id"]})
    assert (refused.status_code, refused.json["error"]["code"]) == (404, "invitation_not_found")


def people() -> dict[str, str]:
    """The addresses of all people, with their roles in organizations of partners."""
    with db.transaction() as session:
        joined = """SELECT people.email, role FROM people JOIN memberships ON person_id = people.id
                    JOIN organizations ON organizations.id = organization_id WHERE kind = 'affiliate'"""
        return {row.email: row.role for row in session.execute(text(joined))}


def test_who_proves_an_address_may_sign_in_to_the_partners_account(anonymous: Caller, merchant: Merchant) -> None:
    made = sign_up(anonymous, merchant).json
    assert people() == {}
    assert confirm(anonymous, token_to_confirm(made["partner_id"])).status_code == 200
    assert people() == {"zoe@example.com": "owner"}
    joined = anonymous.post(SIGN_UP, {"token": token_for(merchant, "Eve@example.com"), "name": "Eve"})
    assert (joined.status_code, people()) == (201, {"zoe@example.com": "owner", "eve@example.com": "owner"})


def without_ids(answer: Answer) -> dict[str, Any]:
    """An answer without what differs from call to call."""
    random = {"organization_id", "api_key", "partner_id", "code", "link"}
    return {name: value for name, value in answer.json.items() if name not in random}


@pytest.mark.parametrize("status", ["pending", "active", "paused", "banned", "deactivated"])
def test_a_known_address_is_answered_like_an_unknown_one(anonymous: Caller, merchant: Merchant, status: str) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE partners SET status = :status WHERE slug = 'ada'"), {"status": status})
    known = sign_up(anonymous, merchant, email="ADA@partners.example")
    unknown = sign_up(anonymous, merchant, email="zoe@example.com")
    owners = sign_up(anonymous, merchant, email="shop@example.com")
    assert [answer.status_code for answer in (known, unknown, owners)] == [201] * 3
    assert without_ids(known) == without_ids(unknown) == without_ids(owners)
    assert known.json["email_state"] == "unconfirmed"
    with db.transaction() as session:
        ada = session.get_one(Partner, merchant.partners["ada"])
        assert (ada.partner_organization_id, ada.status, ada.email_state) == (None, status, "given")


@pytest.mark.parametrize("status", ["pending", "active", "paused", "banned", "deactivated"])
def test_the_owner_of_a_known_address_is_written_to_unless_its_enrollment_was_ended(
    anonymous: Caller, merchant: Merchant, status: str
) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE partners SET status = :status WHERE slug = 'ada'"), {"status": status})
    for _ in range(3):
        sign_up(anonymous, merchant, email="ada@partners.example")
    assert mails_to_owner() == (0 if status in ENDED else 1)


def test_an_unconfirmed_address_does_not_block_the_owners_invitation(
    anonymous: Caller, owner: Caller, merchant: Merchant
) -> None:
    squatter = sign_up(anonymous, merchant).json
    token = token_for(merchant, "zoe@example.com")
    joined = anonymous.post(SIGN_UP, {"token": token, "name": "Zoe"})
    assert (joined.status_code, joined.json["status"]) == (201, "active")
    refused = owner.patch(f"/api/v1/partners/{squatter['partner_id']}", {"status": "active"})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "email_taken")


def test_an_unconfirmed_address_explains_no_partner_until_it_is_confirmed(
    anonymous: Caller, owner: Caller, merchant: Merchant
) -> None:
    made = sign_up(anonymous, merchant).json
    refusal = owner.get("/api/v1/explanations", id="zoe@example.com")
    assert (refusal.status_code, refusal.json["error"]["code"]) == (404, "unknown_id")
    assert "is unconfirmed; name the partner by its code" in refusal.json["error"]["message"]
    confirm(anonymous, token_to_confirm(made["partner_id"]))
    assert owner.get("/api/v1/explanations", id="zoe@example.com").json["partner"]["id"] == made["partner_id"]


def test_an_unconfirmed_address_does_not_block_its_true_owner(anonymous: Caller, merchant: Merchant) -> None:
    squatter, zoe = sign_up(anonymous, merchant).json, sign_up(anonymous, merchant).json
    assert confirm(anonymous, token_to_confirm(zoe["partner_id"])).json["partner_id"] == zoe["partner_id"]
    late = confirm(anonymous, token_to_confirm(squatter["partner_id"]))
    assert (late.status_code, late.json["error"]["code"]) == (409, "email_taken")


def test_partner_with_a_confirmed_address_waits_for_approval(
    anonymous: Caller, owner: Caller, merchant: Merchant
) -> None:
    made = sign_up(anonymous, merchant).json
    token = token_to_confirm(made["partner_id"])
    with db.transaction() as session:
        stored = session.scalars(text("SELECT row_to_json(email_confirmations)::text FROM email_confirmations")).one()
    assert token not in stored
    confirmed = confirm(anonymous, token)
    assert (confirmed.status_code, confirmed.json["email_state"], confirmed.json["status"]) == (
        200,
        "confirmed",
        "pending",
    )
    assert owner.get(f"/api/v1/partners/{made['partner_id']}").json["email_state"] == "confirmed"
    trail = owner.get("/api/v1/audit", action="partner.email_confirmed").json["data"]
    assert [(entry["actor"], entry["subject_id"]) for entry in trail] == [("public", made["partner_id"])]
    assert confirm(anonymous, token).json["error"]["code"] == "confirmation_not_found"


def test_a_confirmation_ends_after_a_week(anonymous: Caller, merchant: Merchant) -> None:
    token = token_to_confirm(sign_up(anonymous, merchant).json["partner_id"])
    with db.transaction() as session:
        session.execute(text("UPDATE email_confirmations SET expires_at = now()"))
    assert confirm(anonymous, token).json["error"]["code"] == "confirmation_not_found"


def test_a_confirmation_token_enrolls_no_partner(anonymous: Caller, merchant: Merchant) -> None:
    made = sign_up(anonymous, merchant).json
    token = token_to_confirm(made["partner_id"])
    zoe = Caller(anonymous.application, made["api_key"])
    for body in ({"token": token}, {"program_id": made["program_id"]}):
        refused = zoe.post("/v1/admin/affiliate-me/invitations/accept", body)
        assert (refused.status_code, refused.json["error"]["code"]) == (404, "invitation_not_found")


def test_the_owners_approval_shows_that_the_address_was_unconfirmed(
    anonymous: Caller, owner: Caller, merchant: Merchant
) -> None:
    made = sign_up(anonymous, merchant).json
    base = f"/v1/admin/affiliate/programs/{made['program_id']}/affiliates"
    [waiting] = owner.get(base, status="pending").json["data"]
    assert waiting["email_state"] == "unconfirmed"
    approved = owner.post(f"{base}/{waiting['id']}/approve")
    assert (approved.json["status"], approved.json["email_state"]) == ("active", "approved")
    [entry] = owner.get("/api/v1/audit", action="partner.approved").json["data"]
    assert entry["details"]["email_state"] == "approved"


def test_the_program_owners_own_address_is_refused_once_it_is_to_count(
    anonymous: Caller, owner: Caller, merchant: Merchant
) -> None:
    made = sign_up(anonymous, merchant, email="Shop@Example.com").json
    refused = owner.patch(f"/api/v1/partners/{made['partner_id']}", {"status": "active"})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "self_referral")
    late = confirm(anonymous, token_to_confirm(made["partner_id"]))
    assert (late.status_code, late.json["error"]["code"]) == (409, "self_referral")


@pytest.mark.parametrize(
    "closing",
    ["open_signup = false", "status = 'draft'", "status = 'paused'", "status = 'archived', is_default = false"],
)
def test_closed_program_answers_like_an_unknown_one_for_a_known_address(
    anonymous: Caller, merchant: Merchant, closing: str
) -> None:
    with db.transaction() as session:
        session.execute(text(f"UPDATE programs SET {closing}"))
    for email in ("zoe@example.com", "ada@partners.example"):
        refused = sign_up(anonymous, merchant, email=email)
        assert (refused.status_code, refused.json["error"]["code"]) == (404, "program_not_found")
    assert mails_to_owner() == 0


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"name": ""}, "name"),
        ({"email": "zoe"}, "email"),
        ({"email": None}, "email"),
        ({"program_id": None}, "program_id"),
        ({"token": "t"}, "program_id"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"email": "a,victim@example.com"}, "email"),
        ({"status": "active"}, "status"),
    ],
)
def test_field_at_fault_is_named(anonymous: Caller, merchant: Merchant, changes: dict[str, Any], param: str) -> None:
    refused = sign_up(anonymous, merchant, **changes)
    assert (refused.status_code, refused.json["error"]["param"]) == (400, param)


def test_an_invitations_token_makes_the_account_of_the_partner_that_exists(
    anonymous: Caller, merchant: Merchant
) -> None:
    token = token_for(merchant, "ada@partners.example")
    made = anonymous.post(SIGN_UP, {"token": token, "name": "Ada"})
    assert (made.status_code, made.json["status"]) == (201, "active")
    assert made.json["partner_id"] == ids.encode("par", merchant.partners["ada"])
    again = anonymous.post(SIGN_UP, {"token": token, "name": "Ada"})
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


def test_sign_ups_of_one_address_are_limited(anonymous: Caller, merchant: Merchant) -> None:
    statuses = [sign_up(anonymous, merchant, email=f"zoe{number}@example.com").status_code for number in range(7)]
    assert statuses == [201] * 5 + [429] * 2
