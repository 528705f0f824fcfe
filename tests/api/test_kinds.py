"""The two kinds of organization: an affiliate's keys see and accept its enrollments, and nothing makes them do more."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import db, ids
from app.errors import Conflict, InvalidRequest
from app.organizations import hierarchy, keys, merchants
from app.organizations.models import Organization
from app.organizations.permissions import PARTNER_SIDE
from app.programs import programs
from tests.cast import PERCENTAGE, Merchant

from .conftest import Caller

SIGN_UP = "/v1/public/affiliate/signup"
ME = "/v1/admin/affiliate-me"
MERCHANTS_CALLS = [
    ("/v1/admin/affiliate/programs", {"name": "Mine", "commission": {"type": "percentage", "bps": 10_000}}),
    ("/api/v1/stripe-endpoints", {"livemode": False}),
    ("/api/v1/organizations", {"name": "Below me"}),
    ("/api/v1/api-keys", {"name": "another", "level": "manage"}),
    ("/api/v1/backfills", {"since": "2026-01-01T00:00:00Z"}),
]


@pytest.fixture
def zoe(anonymous: Caller, merchant: Merchant) -> Caller:
    """A partner that signed up by itself, with the key it was given."""
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET open_signup = true"))
    body = {"program_id": ids.encode("prog", merchant.program_id), "name": "Zoe", "email": "zoe@example.com"}
    return Caller(anonymous.application, anonymous.post(SIGN_UP, body).json["api_key"])


@pytest.fixture
def affiliate(merchant: Merchant) -> Organization:
    with db.transaction() as session:
        return hierarchy.create_organization(session, kind="affiliate", name="Zoe's blog")


@pytest.mark.parametrize(("path", "body"), MERCHANTS_CALLS)
def test_signed_up_partner_cannot_create_merchant_objects(zoe: Caller, path: str, body: dict[str, object]) -> None:
    refused = zoe.post(path, body)
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "forbidden")
    assert "affiliate's key" in refused.json["error"]["message"]


def test_signed_up_partner_can_use_every_partner_route(zoe: Caller) -> None:
    for path in ("programs", "stats", "balance", "payouts"):
        assert zoe.get(f"{ME}/{path}").status_code == 200, path


def test_an_affiliates_key_names_its_scopes(affiliate: Organization) -> None:
    with db.transaction() as session:
        manage, _ = keys.create_key(session, affiliate.id, name="one", level="manage")
        read, _ = keys.create_key(session, affiliate.id, name="two", level="read")
        assert (set(manage.scopes), read.scopes) == (PARTNER_SIDE, ["partners:read"])
        with pytest.raises(InvalidRequest, match="cannot have programs:write"):
            keys.create_key(session, affiliate.id, name="three", level="manage", scopes=["programs:write"])


def test_a_key_that_claims_more_than_its_kind_allows_still_does_no_more(
    affiliate: Organization, anonymous: Caller
) -> None:
    with db.transaction() as session:
        _, plaintext = keys.create_key(session, affiliate.id, name="one", level="manage")
        session.execute(text("UPDATE api_keys SET scopes = '{}' WHERE organization_id = :id"), {"id": affiliate.id})
    caller = Caller(anonymous.application, plaintext)
    assert caller.post("/api/v1/api-keys", {"name": "another", "level": "read"}).status_code == 403
    assert caller.get(f"{ME}/stats").status_code == 200


def test_a_promoted_organizations_new_keys_do_what_a_merchants_do_and_its_old_ones_do_not(
    affiliate: Organization, anonymous: Caller
) -> None:
    with db.transaction() as session:
        _, old = keys.create_key(session, affiliate.id, name="old", level="manage")
        merchants.promote(session, "cli", session.get_one(Organization, affiliate.id))
        _, new = keys.create_key(session, affiliate.id, name="new", level="manage")
    program = {"name": "Mine", "commission": dict(PERCENTAGE)}
    answers = [Caller(anonymous.application, key).post("/v1/admin/affiliate/programs", program) for key in (old, new)]
    assert [answer.status_code for answer in answers] == [403, 201]
    trail = Caller(anonymous.application, new).get("/api/v1/audit", action="organization.promoted").json["data"]
    assert [(entry["actor"], entry["subject_id"]) for entry in trail] == [("cli", ids.encode("org", affiliate.id))]


def test_a_merchant_is_not_promoted(merchant: Merchant) -> None:
    with db.transaction() as session, pytest.raises(Conflict, match="is a merchant already"):
        merchants.promote(session, "cli", session.get_one(Organization, merchant.organization_id))


Attempt = Callable[[Session, Organization], object]
ATTEMPTS: dict[str, Attempt] = {
    "a program": lambda session, one: programs.create_program(session, one.id, name="Mine", commission=PERCENTAGE),
    "an organization": lambda session, one: hierarchy.move(
        session, "cli", hierarchy.create_organization(session, kind="merchant", name="Below"), one
    ),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_an_affiliate_owns_nothing_for_any_caller(affiliate: Organization, attempt: str) -> None:
    with db.transaction() as session:
        with pytest.raises(Conflict, match="accrual organizations promote"):
            ATTEMPTS[attempt](session, session.get_one(Organization, affiliate.id))
        session.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO programs (id, organization_id, name, currency) VALUES (gen_random_uuid(), :id, 'Mine', 'usd')",
        "UPDATE programs SET organization_id = :id",
        "INSERT INTO stripe_endpoints (id, organization_id, livemode, secrets_encrypted) VALUES (:id, :id, true, '')",
        "INSERT INTO organizations (id, name, parent_id) VALUES (gen_random_uuid(), 'Below', :id)",
        "UPDATE organizations SET parent_id = :id WHERE kind = 'merchant'",
    ],
)
def test_the_database_itself_gives_an_affiliate_nothing_to_own(affiliate: Organization, statement: str) -> None:
    with db.transaction() as session:
        with pytest.raises(IntegrityError, match="is an affiliate and cannot own rows"):
            session.execute(text(statement), {"id": affiliate.id})
        session.rollback()
