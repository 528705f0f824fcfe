"""An account is of one partner, one owner and one mode."""

from sqlalchemy import text

from app import db, ids
from app.config import Settings
from tests.api.conftest import Caller
from tests.cast import Merchant, enroll, open_merchant, open_program
from tests.emulator.emulator import Emulator

from .conftest import ACCOUNT, LINK, Affiliate, Work
from .onboarding import account_of, opened


def test_an_account_is_of_one_mode(ada: Caller, affiliate: Affiliate, shop: Emulator, work: Work) -> None:
    opened(ada, work)
    live = affiliate("ada", livemode=True)
    assert account_of(live)["status"] == "none"
    live.post(ACCOUNT, {})
    work()
    assert account_of(live)["status"] == "failed"  # the merchant has a test key only
    assert len(shop.world.recipients) == 1


def test_an_account_is_of_one_partner(ada: Caller, affiliate: Affiliate, work: Work) -> None:
    opened(ada, work)
    assert account_of(affiliate("ben"))["status"] == "none"


def test_programs_of_one_owner_share_the_account(ada: Caller, merchant: Merchant, shop: Emulator, work: Work) -> None:
    first = ids.encode(ids.PROGRAM, merchant.program_id)
    opened(ada, work)
    second = ids.encode(ids.PROGRAM, _enroll_in_another_program(merchant))
    refused = ada.get(ACCOUNT)
    assert (refused.status_code, refused.json["error"]["code"]) == (400, "program_required")
    assert ada.post(ACCOUNT, {}).json["error"]["code"] == "program_required"
    assert ada.post(LINK, {}).json["error"]["code"] == "program_required"
    shown = [ada.get(ACCOUNT, program_id=program).json["stripe_account_id"] for program in (first, second)]
    assert shown == list(shop.world.recipients) * 2


def test_each_owner_has_an_account_of_the_partner_of_its_own(
    ada: Caller, application: object, merchant: Merchant, work: Work
) -> None:
    opened(ada, work)
    with db.transaction() as session:
        other = open_merchant(session, name="Other shop")
        partner = enroll(session, other, "ada")
        session.execute(
            text("UPDATE partners SET partner_organization_id = :own WHERE id = :id"),
            {"own": _organization_of_ada(merchant), "id": partner},
        )
    program = ids.encode(ids.PROGRAM, other.program_id)
    assert ada.get(ACCOUNT, program_id=program).json["status"] == "none"


def test_a_key_that_only_reads_opens_nothing(affiliate: Affiliate, asking: Settings) -> None:
    reader = affiliate("ada", level="read")
    assert [reader.post(path, {}).status_code for path in (ACCOUNT, LINK)] == [403, 403]


def _organization_of_ada(merchant: Merchant) -> object:
    with db.transaction() as session:
        query = text("SELECT partner_organization_id FROM partners WHERE id = :id")
        return session.scalar(query, {"id": merchant.partners["ada"]})


def _enroll_in_another_program(merchant: Merchant) -> object:
    own = _organization_of_ada(merchant)
    with db.transaction() as session:
        program_id = open_program(session, merchant)
        partner = enroll(session, Merchant(merchant.organization_id, program_id), "ada-too")
        session.execute(
            text("UPDATE partners SET partner_organization_id = :own WHERE id = :id"), {"own": own, "id": partner}
        )
    return program_id
