"""`payout_method` and `payout_email` of the Partners API: both are the partner's payout method, sealed."""

from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import text, update
from sqlalchemy.exc import ProgrammingError

from app import db, ids
from app.config import Settings
from app.organizations import hierarchy, keys
from app.organizations.access import affiliate_transaction
from app.organizations.permissions import PARTNER_SIDE
from app.organizations.permissions import Caller as KeyCaller
from app.partners.models import Partner
from app.partners.partner_side.writing import own_transaction
from app.partners.payout_methods import commands, stored
from app.partners.payout_methods.destinations import kinds
from tests.cast import Merchant, enroll, open_merchant

from .conftest import Caller

ZOE = {"email": "zoe@example.com", "slug": "zoe", "first_name": "Zoe", "last_name": "Smith"}
PAYPAL = {"payout_method": "paypal", "payout_email": "zoe.pays@example.com"}


def shown(answer: Any) -> tuple[str | None, str | None]:
    assert answer.status_code in (200, 201), answer.text
    return answer.json["payout_method"], answer.json["payout_email"]


def created(owner: Caller, **fields: Any) -> str:
    return f"/api/v1/partners/{owner.post('/api/v1/partners', {**ZOE, **fields}).json['id']}"


def method_of(slug: str) -> stored.StoredMethod | None:
    with db.transaction() as session:
        partner_id = session.scalar(text("SELECT id FROM partners WHERE slug = :slug"), {"slug": slug})
        assert isinstance(partner_id, UUID)
        return stored.load_for(session, [partner_id]).get(partner_id)


def test_both_fields_are_shown_wherever_a_partner_is(owner: Caller) -> None:
    path = created(owner, **PAYPAL)
    assert shown(owner.get(path)) == ("paypal", "zoe.pays@example.com")
    [listed] = [one for one in owner.get("/api/v1/partners").json["data"] if one["slug"] == "zoe"]
    assert (listed["payout_method"], listed["payout_email"]) == ("paypal", "zoe.pays@example.com")


def test_the_address_is_the_destination_of_paypal_and_nothing_is_stored_in_plain(
    owner: Caller, settings: Settings
) -> None:
    created(owner, **PAYPAL)
    method = method_of("zoe")
    assert method is not None
    assert method.destination_encrypted is not None
    assert stored.unseal(method.destination_encrypted, settings) == {"email": "zoe.pays@example.com"}
    assert method.masked == {"email": "z…@example.com"}
    with db.transaction() as session:
        row = session.scalar(text("SELECT to_jsonb(payout_methods)::text FROM payout_methods"))
    assert "zoe.pays" not in row


def test_the_method_and_the_address_are_changed_one_by_one(owner: Caller) -> None:
    path = created(owner)
    assert shown(owner.patch(path, {"payout_email": "zoe.pays@example.com"})) == (None, "zoe.pays@example.com")
    assert method_of("zoe") is None
    assert shown(owner.patch(path, {"payout_method": "paypal"})) == ("paypal", "zoe.pays@example.com")
    before = method_of("zoe")
    assert before is not None
    assert shown(owner.patch(path, {"payout_email": "other@example.com"})) == ("paypal", "other@example.com")
    after = method_of("zoe")
    assert after is not None
    assert after.fingerprint != before.fingerprint
    assert shown(owner.patch(path, {"payout_email": None})) == ("paypal", None)
    assert shown(owner.patch(path, {"payout_method": None})) == (None, None)


def test_the_address_stays_while_another_method_is_used(owner: Caller) -> None:
    path = created(owner, **PAYPAL)
    assert shown(owner.patch(path, {"payout_method": "bank_transfer"})) == ("bank_transfer", "zoe.pays@example.com")
    method = method_of("zoe")
    assert method is not None
    assert (method.destination_encrypted, method.masked, method.fingerprint) == (None, {}, None)
    owner.patch(path, {"payout_method": "paypal"})
    back = method_of("zoe")
    assert back is not None
    assert back.masked == {"email": "z…@example.com"}


def test_other_methods_that_pay_to_an_address_take_it_too(owner: Caller, settings: Settings) -> None:
    path = created(owner, payout_method="payoneer", payout_email="zoe.pays@example.com")
    assert method_of("zoe") is not None
    owner.patch(path, {"payout_method": "wise"})
    method = method_of("zoe")
    assert method is not None
    assert method.destination_encrypted is not None
    fields = stored.unseal(method.destination_encrypted, settings)
    assert fields == {"account_holder": "Zoe Smith", "email": "zoe.pays@example.com"}


def test_an_account_of_wise_is_no_address_and_stays(owner: Caller, settings: Settings) -> None:
    path = created(owner)
    with db.transaction() as session:
        partner = session.get_one(Partner, ids.decode(path.rpartition("/")[2], "par"))
        account = {"account_holder": "Zoe Smith", "iban": "DE75512108001245126199"}
        commands.choose(session, "cli", partner, kinds.validate("wise", account))
    assert shown(owner.patch(path, {"payout_email": "zoe.pays@example.com"})) == ("wise", "zoe.pays@example.com")
    method = method_of("zoe")
    assert method is not None
    assert method.masked == {"iban": "DE…6199"}


@pytest.mark.parametrize("address", ["=zoe@example.com", "+zoe@example.com", "-zoe@example.com"])
def test_an_address_that_a_spreadsheet_takes_for_a_formula_is_refused(owner: Caller, address: str) -> None:
    refused = owner.patch(created(owner), {"payout_email": address})
    assert (refused.status_code, refused.json["error"]["param"]) == (400, "payout_email")


def test_a_change_of_the_country_only_is_kept_with_a_new_address(owner: Caller, settings: Settings) -> None:
    path = created(owner)
    with db.transaction() as session:
        partner = session.get_one(Partner, ids.decode(path.rpartition("/")[2], "par"))
        commands.choose(session, "cli", partner, kinds.validate("paypal", {"email": "a@example.com", "country": "fr"}))
    owner.patch(path, {"payout_email": "b@example.com"})
    method = method_of("zoe")
    assert method is not None
    assert (method.country, method.masked) == ("FR", {"email": "b…@example.com"})


def test_a_change_of_the_secret_key_keeps_destinations_and_compares_them_again(
    owner: Caller, settings: Settings
) -> None:
    created(owner, **PAYPAL)
    owner.post("/api/v1/partners", {"email": "yan@example.com", "slug": "yan", **PAYPAL})
    old, new = settings.secret_key.get_secret_value(), Fernet.generate_key().decode()
    both = settings.model_copy(update={"secret_key": SecretStr(f"{new},{old}")})
    only_new = settings.model_copy(update={"secret_key": SecretStr(new)})
    with db.transaction() as session:
        assert commands.reseal_all(session, "cli", both) == 2
    zoe, yan = method_of("zoe"), method_of("yan")
    assert zoe is not None
    assert yan is not None
    assert zoe.destination_encrypted is not None
    assert stored.unseal(zoe.destination_encrypted, only_new) == {"email": "zoe.pays@example.com"}
    assert zoe.fingerprint == yan.fingerprint
    as_written = stored.sealed(kinds.validate("paypal", {"email": "zoe.pays@example.com"}), only_new)
    assert zoe.fingerprint == as_written["fingerprint"]


def caller_of(organization_id: UUID) -> KeyCaller:
    with db.transaction() as session:
        key, _ = keys.create_key(session, organization_id, name="tests", level="manage")
        return KeyCaller(key.id, organization_id, (organization_id,), "manage", frozenset(PARTNER_SIDE), livemode=False)


@pytest.fixture
def ada(merchant: Merchant) -> KeyCaller:
    """Ada's organization, which is enrolled at another merchant's too."""
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
        twin = enroll(session, other, "ada")
        own = hierarchy.create_organization(session, kind="affiliate", name="Ada's").id
        for partner_id in (merchant.partners["ada"], twin):
            session.get_one(Partner, partner_id).partner_organization_id = own
    return caller_of(own)


INSERT = text("INSERT INTO payout_methods (partner_id, organization_id, method) VALUES (:partner, :owner, 'stripe')")
CODE = text("INSERT INTO partner_codes (organization_id, code, partner_id) VALUES (:owner, 'x', :partner)")
AUDIT = text(
    "INSERT INTO audit_entries (id, organization_id, actor, action, subject_id, details) "
    "VALUES (gen_random_uuid(), :owner, 'key', 'partner.updated', 'par_x', '{}')"
)


def test_a_partner_writes_for_one_enrollment_and_sees_no_other(
    application: object, merchant: Merchant, ada: KeyCaller
) -> None:
    program_id = ids.encode("prog", merchant.program_id)
    with own_transaction(ada, program_id) as (session, partner):
        assert partner.id == merchant.partners["ada"]
        session.execute(INSERT, {"partner": partner.id, "owner": merchant.organization_id})
        session.execute(AUDIT, {"owner": merchant.organization_id})
        assert session.scalars(text("SELECT id FROM partners")).all() == [partner.id]
        assert session.scalars(text("SELECT id FROM programs")).all() == [merchant.program_id]
    with affiliate_transaction(ada) as session:
        assert session.scalar(text("SELECT count(*) FROM partners")) == 2
        assert session.scalars(text("SELECT partner_id FROM payout_methods")).all() == [merchant.partners["ada"]]


@pytest.mark.parametrize(
    ("statement", "partner", "owner"),
    [
        (INSERT, "ben", "shop"),
        (INSERT, "twin", "elsewhere"),
        (INSERT, "ada", "elsewhere"),
        (AUDIT, "ada", "elsewhere"),
        (
            text("INSERT INTO partner_codes (organization_id, code, partner_id) VALUES (:owner, 'x', :partner)"),
            "ada",
            "shop",
        ),
    ],
)
def test_a_partner_writes_nothing_of_another_partner_or_owner(
    application: object, merchant: Merchant, ada: KeyCaller, statement: Any, partner: str, owner: str
) -> None:
    with db.transaction() as session:
        elsewhere, twin = session.execute(
            text("SELECT organization_id, id FROM partners WHERE organization_id <> :shop AND slug = 'ada'"),
            {"shop": merchant.organization_id},
        ).one()
    partners, owners = {**merchant.partners, "twin": twin}, {"shop": merchant.organization_id, "elsewhere": elsewhere}
    values = {"partner": partners[partner], "owner": owners[owner]}
    bound = {name: value for name, value in values.items() if f":{name}" in str(statement)}
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        own_transaction(ada, ids.encode("prog", merchant.program_id)) as (session, _),
    ):
        session.execute(statement, bound)


def test_reading_as_a_partner_cannot_write(application: object, merchant: Merchant, ada: KeyCaller) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), affiliate_transaction(ada) as session:
        session.execute(INSERT, {"partner": merchant.partners["ada"], "owner": merchant.organization_id})


def test_the_database_proves_the_enrollment_itself(application: object, merchant: Merchant, ada: KeyCaller) -> None:
    """A caller of `narrow_to_partner` may name another organization's partner, or one that was banned meanwhile."""
    with db.transaction() as session:
        banned = update(Partner).where(Partner.id == merchant.partners["ada"]).values(status="banned")
        session.execute(banned)
    for code in ("ben", "ada"):
        with affiliate_transaction(ada) as session:
            db.narrow_to_partner(session, merchant.partners[code])
            assert session.scalar(text("SELECT calling_partner()")) is None
            with pytest.raises(ProgrammingError, match="row-level security"):
                session.execute(INSERT, {"partner": merchant.partners[code], "owner": merchant.organization_id})
            session.rollback()
