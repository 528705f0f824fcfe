"""Invitations: a link works once, and enrolls its partner."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app import db, ids
from app.errors import Conflict, NotFound
from app.organizations import hierarchy, keys
from app.organizations.actors import PUBLIC
from app.partners import enrollment
from app.partners.joining import invitations
from app.partners.joining.models import Invitation
from app.partners.models import Partner, Snapshot
from app.partners.validation import Status
from app.programs.models import Program
from tests.cast import Merchant

from .conftest import Caller


def program_of(session: Session, merchant: Merchant) -> Program:
    return session.get_one(Program, merchant.program_id)


def token_for(merchant: Merchant, email: str) -> str:
    with db.transaction() as session:
        db.narrow_to_organizations(session, [merchant.organization_id], livemode=False)
        invited = invitations.invite(session, "public", program_of(session, merchant), email)
    assert invited.token is not None
    return invited.token


def test_an_invited_address_is_a_pending_partner_and_a_token_that_is_not_stored(merchant: Merchant) -> None:
    token = token_for(merchant, "Zoe@Example.com")
    with db.transaction() as session:
        zoe = session.scalars(select(Partner).where(Partner.email == "zoe@example.com")).one()
        assert (zoe.status, zoe.partner_organization_id) == ("pending", None)
        stored = session.scalars(text("SELECT row_to_json(invitations)::text FROM invitations")).one()
    assert token not in stored


def test_joining_makes_an_organization_with_a_key_and_stamps_the_terms_of_that_day(merchant: Merchant) -> None:
    token = token_for(merchant, "zoe@example.com")
    with db.transaction() as session:
        joined = invitations.join(session, "public", token, "Zoe van Dyke")
    with db.transaction() as session:
        caller = keys.authenticate(session, joined.api_key)
        assert (caller.organization_id, caller.level) == (joined.organization_id, "manage")
        zoe = session.get_one(Partner, joined.partner.id)
        assert (zoe.status, zoe.first_name, zoe.last_name) == ("active", "Zoe", "van Dyke")
        [stamped] = session.scalars(select(Snapshot).where(Snapshot.partner_id == zoe.id))
        assert (stamped.source, stamped.commission) == ("invite", {"type": "percentage", "bps": 2000})


def test_an_invitation_works_once(merchant: Merchant) -> None:
    token = token_for(merchant, "zoe@example.com")
    with db.transaction() as session:
        invitations.join(session, "public", token, "Zoe")
    with db.transaction() as session, pytest.raises(NotFound, match="used"):
        invitations.join(session, "public", token, "Somebody else")


def test_using_a_token_ends_all_tokens_of_the_partner(merchant: Merchant) -> None:
    first, second = token_for(merchant, "zoe@example.com"), token_for(merchant, "zoe@example.com")
    with db.transaction() as session:
        invitations.join(session, "public", second, "Zoe")
    with db.transaction() as session, pytest.raises(NotFound):
        invitations.join(session, "public", first, "Somebody else")


def test_expired_invitation_is_refused(merchant: Merchant) -> None:
    token = token_for(merchant, "zoe@example.com")
    with db.transaction() as session:
        session.execute(update(Invitation).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    with db.transaction() as session, pytest.raises(NotFound):
        invitations.join(session, "public", token, "Zoe")


@pytest.mark.parametrize(("status", "after"), [("active", "active"), ("paused", "paused")])
def test_an_enrolled_partner_gets_its_account_and_keeps_its_status(
    merchant: Merchant, status: Status, after: str
) -> None:
    set_status(merchant, "ada", status)
    token = token_for(merchant, "ada@partners.example")
    with db.transaction() as session:
        joined = invitations.join(session, "public", token, "Ada")
        assert joined.partner.status == after


@pytest.mark.parametrize("status", ["banned", "deactivated"])
def test_banned_partner_cannot_use_an_older_link(merchant: Merchant, status: Status) -> None:
    token = token_for(merchant, "ada@partners.example")
    set_status(merchant, "ada", status)
    with db.transaction() as session, pytest.raises(NotFound):
        invitations.join(session, "public", token, "Ada")
    with db.transaction() as session, pytest.raises(Conflict, match="enrolled"):
        invitations.invite(session, "public", program_of(session, merchant), "ada@partners.example")


def test_a_partner_with_an_account_cannot_be_invited_again(merchant: Merchant) -> None:
    token = token_for(merchant, "zoe@example.com")
    with db.transaction() as session:
        invitations.join(session, "public", token, "Zoe")
    with db.transaction() as session, pytest.raises(Conflict):
        invitations.invite(session, "public", program_of(session, merchant), "zoe@example.com")


def test_inviting_a_partner_that_is_enrolled_does_not_rename_it(owner: Caller, merchant: Merchant) -> None:
    path = f"/v1/admin/affiliate/programs/{ids.encode('prog', merchant.program_id)}/invite"
    ada = {"email": "ada@partners.example"}
    for given, param in (({"slug": "countess"}, "slug"), ({"name": "Ada L"}, "name")):
        refused = owner.post(path, ada | given)
        assert (refused.status_code, refused.json["error"]["code"]) == (409, "already_enrolled")
        assert refused.json["error"]["param"] == param
        assert '"ada" is active' in refused.json["error"]["message"]
    assert owner.post(path, ada | {"slug": "ada", "name": "Ada"}).json["slug"] == "ada"


def test_renaming_a_pending_partner_by_invitation_is_audited(owner: Caller, merchant: Merchant) -> None:
    path = f"/v1/admin/affiliate/programs/{ids.encode('prog', merchant.program_id)}/invite"
    owner.post(path, {"email": "zoe@example.com", "slug": "zoe"})
    assert owner.post(path, {"email": "zoe@example.com", "slug": "zoe-two", "name": "Zoe"}).json["slug"] == "zoe-two"
    [entry] = owner.get("/api/v1/audit", action="partner.updated").json["data"]
    assert entry["details"] == {"changed": ["first_name", "slug"], "slug": "zoe-two"}


def test_an_organization_is_pending_until_it_accepts(merchant: Merchant) -> None:
    zoe = open_organization()
    with db.transaction() as session:
        db.narrow_to_organizations(session, [merchant.organization_id], livemode=False)
        public_id = ids.encode("org", zoe)
        invited = invitations.invite(
            session, "public", program_of(session, merchant), "z@example.com", organization_id=public_id
        )
        assert (invited.partner.status, invited.token) == ("pending", None)
    with db.transaction() as session:
        accepted = invitations.accept_enrollment(session, PUBLIC, ids.encode("prog", merchant.program_id), zoe)
        assert accepted.status == "active"
    with db.transaction() as session, pytest.raises(NotFound):
        invitations.accept_enrollment(session, PUBLIC, ids.encode("prog", merchant.program_id), zoe)


def test_an_organization_is_enrolled_once_in_a_program(merchant: Merchant) -> None:
    zoe = open_organization()
    first, second = token_for(merchant, "z@example.com"), token_for(merchant, "y@example.com")
    with db.transaction() as session:
        invitations.accept(session, PUBLIC, first, zoe)
    with db.transaction() as session:
        with pytest.raises(Conflict, match="already enrolled"):
            invitations.accept(session, PUBLIC, second, zoe)
        session.rollback()


def test_an_unknown_organization_cannot_be_enrolled(merchant: Merchant) -> None:
    with db.transaction() as session:
        program = program_of(session, merchant)
        with pytest.raises(NotFound, match="no organization with this id was found"):
            invitations.invite(
                session, "public", program, "z@example.com", organization_id=ids.encode("org", ids.new())
            )
        session.rollback()


def set_status(merchant: Merchant, code: str, status: Status) -> None:
    with db.transaction() as session:
        enrollment.change_status(session, session.get_one(Partner, merchant.partners[code]), status)


def open_organization() -> UUID:
    with db.transaction() as session:
        return hierarchy.create_organization(session, kind="affiliate", name="Zoe", email="zoe@example.com").id


def test_an_invitation_takes_a_name_and_a_slug_and_says_what_it_offers(
    owner: Caller, anonymous: Caller, merchant: Merchant
) -> None:
    path = f"/v1/admin/affiliate/programs/{ids.encode('prog', merchant.program_id)}/invite"
    body = {"email": "zoe@example.com", "name": "Zoe van Dyke", "slug": "zoe"}
    invited = owner.post(path, body)
    assert (invited.status_code, invited.json["slug"]) == (201, "zoe")
    assert (invited.json["first_name"], invited.json["last_name"]) == ("Zoe", "van Dyke")
    token = invited.json["signup_url"].partition("#")[2]
    offered = anonymous.post("/v1/public/affiliate/invitation", {"token": token}).json
    assert (offered["organization_name"], offered["program_name"]) == ("Shop", "Friends")
    assert (offered["commission_text"], offered["holdback_days"]) == ("20 %", 30)
    assert (offered["name"], offered["code"]) == ("Zoe van Dyke", "zoe")
    again = owner.post(path, {"email": "zoe@example.com", "slug": "zoe-2"}).json
    assert (again["id"], again["slug"], again["first_name"]) == (invited.json["id"], "zoe-2", "Zoe")
    taken = owner.post(path, {"email": "yan@example.com", "slug": "ada"})
    assert (taken.status_code, taken.json["error"]["code"]) == (409, "slug_taken")


def test_an_offer_is_shown_until_its_invitation_is_used(owner: Caller, anonymous: Caller, merchant: Merchant) -> None:
    path = f"/v1/admin/affiliate/programs/{ids.encode('prog', merchant.program_id)}/invite"
    token = owner.post(path, {"email": "zoe@example.com"}).json["signup_url"].partition("#")[2]
    for _ in range(2):
        assert anonymous.post("/v1/public/affiliate/invitation", {"token": token}).status_code == 200
    joined = anonymous.post("/v1/public/affiliate/signup", {"token": token, "name": "Zoe"}).json
    assert (joined["status"], joined["link"]) == ("active", None)
    used = anonymous.post("/v1/public/affiliate/invitation", {"token": token})
    assert (used.status_code, used.json["error"]["code"]) == (404, "invitation_not_found")
