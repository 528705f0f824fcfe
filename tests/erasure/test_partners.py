"""Erased partners: no trace of them, the same ledger and statements, and open money is not forgotten."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from app import db, ids
from app.commissions.settling.settlement import Cause
from app.config import Settings
from app.errors import Conflict
from app.organizations.actors import CLI
from app.payouts.reserving import reservation
from app.transfer.erasure import commands
from app.transfer.erasure.views import ErasureBody
from tests.api.conftest import Answer, Caller, caller_of, owner
from tests.api.reserved import Reserved, reserve
from tests.api.sales import sell
from tests.api.test_partner_side import Affiliate, affiliate
from tests.api.test_statements import at, clock, of_partner
from tests.cast import Merchant, enroll, open_merchant, open_program
from tests.conftest import assert_ledger_sound
from tests.ledger_clock import LedgerClock
from tests.outbox.listening import listen
from tests.payouts.till import Till
from tests.people.conftest import add_person, sign_in
from tests.waiting import eventually, join
from worker.ledger.months import close_due

from .conftest import Erase
from .person import found_in_tables
from .test_customers import money

__all__ = ["affiliate", "caller_of", "clock", "owner"]

FIRST, LAST, ADDRESS, TEAM = "Wilhelmina", "Oakenshield", "w.oakenshield@mail.test", "team-oakenshield-7"
NEEDLES = (FIRST, LAST, ADDRESS, TEAM, "oakenshield", "wallet.example")


@pytest.fixture
def settings(any_settings: Settings, database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    changes = {"database_url": database_url, "redis_url": redis_url, "data_dir": tmp_path, "payouts_live": True}
    return any_settings.model_copy(update=changes)


def found(*needles: str) -> dict[str, list[str]]:
    with db.transaction() as session:
        return found_in_tables(session, *(needles or NEEDLES))


def partner_id(merchant: Merchant, code: str = "ada") -> str:
    return ids.encode(ids.PARTNER, merchant.partners[code])


@pytest.fixture
def known(merchant: Merchant, owner: Caller, affiliate: Affiliate) -> Caller:
    """Ada is Wilhelmina Oakenshield everywhere; gives her own caller."""
    listen(merchant.organization_id)
    ada = f"/api/v1/partners/{partner_id(merchant)}"
    described = {"email": ADDRESS, "first_name": FIRST, "last_name": LAST, "metadata": {"team": TEAM}}
    assert owner.patch(ada, described).status_code == 200
    own = affiliate("ada")
    with db.transaction() as session:
        own_id = session.scalars(text("SELECT partner_organization_id FROM partners WHERE slug = 'ada'")).one()
    add_person(own_id, ADDRESS)
    sign_in(ADDRESS)
    with db.transaction() as session:
        session.execute(
            text("UPDATE organizations SET name = :name, email = :email WHERE kind = 'affiliate'"),
            {"name": f"{FIRST} {LAST}", "email": ADDRESS},
        )
    assert own.call("PUT", "/v1/admin/affiliate-me/postback", json={"url": f"https://track.test/?who={TEAM}"}).json
    return own


def enrolled_again(merchant: Merchant, owner: Caller) -> Answer:
    """She is in another program of the shop as well; each call is the same request."""
    with db.transaction() as session:
        other = session.scalar(text("SELECT id FROM programs WHERE name = 'Agencies'")) or open_program(
            session, merchant
        )
    body = {"email": ADDRESS, "slug": "wo", "first_name": FIRST, "last_name": LAST, "metadata": {"team": TEAM}}
    named = {**body, "program_id": ids.encode(ids.PROGRAM, other)}
    return owner.call("POST", "/api/v1/partners", {"Idempotency-Key": "again"}, json=named)


def paid(merchant: Merchant, owner: Caller) -> Reserved:
    """A sale of Ada's that is approved and paid, a part of which came back and was paid off."""
    with db.transaction() as session:
        made = reserve(session, merchant, "ada", sell(session, merchant, "ada", 1))
    owner.get(f"/api/v1/payout-runs/{made.payout_run_id}/files/{made.file_id}")
    for step, body in (
        ("confirm", {}),
        ("return", {"amount_cents": 100, "reason": f"{FIRST} {LAST} sent it back"}),
    ):
        answer = owner.post(f"/api/v1/payouts/{made.payout_id}/{step}", body)
        assert answer.status_code == 200, answer.text
    body = {"currency": "usd", "amount_cents": 100, "reason": f"agreed with {ADDRESS}"}
    assert owner.post(f"/api/v1/partners/{partner_id(merchant)}/write-off", body).status_code == 200
    return made


def test_no_trace_of_an_erased_partner_stays_and_the_ledger_and_statements_do(
    erase: Erase, merchant: Merchant, owner: Caller, known: Caller, clock: LedgerClock
) -> None:
    at(clock, "2026-05-05T00:00:00")
    made, again = paid(merchant, owner), enrolled_again(merchant, owner).json
    rejected = f"/v1/admin/affiliate/programs/{again['program_id']}/affiliates/{again['id']}/reject"
    assert owner.post(rejected, {"reason": f"{FIRST} {LAST} has no audience"}).status_code == 200
    at(clock, "2026-06-02T00:00:00")
    close_due()
    statements, before = owner.get(of_partner(merchant)).json, money()
    assert found().keys() >= {
        "partners",
        "organizations",
        "outbound_messages",
        "outbound_endpoints",
        "stored_responses",
        "people",
    }
    body = erase(ADDRESS)
    assert (body.partners, body.customers, body.open_balances) == ([partner_id(merchant), again["id"]], [], [])
    assert [file.id for file in body.payout_files] == [made.file_id]
    assert found() == {}
    assert (owner.get(of_partner(merchant)).json, money()) == (statements, before)
    assert_ledger_sound()
    shown = owner.get(f"/api/v1/partners/{partner_id(merchant)}").json
    assert (shown["email"], shown["first_name"], shown["metadata"]) == (
        f"{partner_id(merchant)}@erased.invalid",
        None,
        {},
    )
    assert shown["status"] == "deactivated"
    assert owner.get(f"/api/v1/payouts/{made.payout_id}").json["destination"] == {}
    assert known.get("/v1/admin/affiliate-me/programs").status_code == 401
    erased = {"email": None, "first_name": None, "last_name": None, "metadata": {"team": None}}
    assert enrolled_again(merchant, owner).json == {**again, **erased}, "the stored response"


def test_a_partner_with_open_money_is_erased_only_by_force(
    erase: Erase, merchant: Merchant, owner: Caller, known: Caller
) -> None:
    with db.transaction() as session:
        made = reserve(session, merchant, "ada", sell(session, merchant, "ada", 1))
    with pytest.raises(Conflict, match=r"9\.80 USD is not paid yet") as refused:
        erase(partner_id(merchant))
    assert refused.value.code == "balance_open"
    assert found("mark:", "par_").keys() & {"tombstones"} == set()
    body = erase(partner_id(merchant), force=True)
    [owed] = body.open_balances
    assert (owed.owed_cents, owed.currency, owed.livemode) == (980, "usd", False)
    assert body.counts["payouts_canceled"] == 1
    payout = owner.get(f"/api/v1/payouts/{made.payout_id}").json
    assert (payout["status"], payout["failure_reason"]) == ("canceled", "The partner was erased.")
    assert found() == {}
    assert_ledger_sound()
    del known


def test_a_payout_that_is_reserved_while_its_partner_is_erased_is_canceled(merchant: Merchant, owner: Caller) -> None:
    till = Till(owner, merchant)
    till.owes("ada")
    run_id = till.asks().json["data"]["id"]
    with db.transaction() as session:
        begun = commands.begin(session, CLI, merchant.organization_id, partner_id(merchant), force=True)
    finished: list[ErasureBody] = []

    def finish() -> None:
        with db.transaction() as session:
            finished.append(commands.finish(session, begun, Cause("command line", datetime.now(UTC))))

    erasing = threading.Thread(target=finish)
    with db.transaction() as session:
        run = reservation.claim(session)
        assert run is not None
        reservation.reserve_batch(session, run)
        erasing.start()
        eventually(is_a_lock_awaited)
    join(erasing)
    assert [body.counts["payouts_canceled"] for body in finished] == [1]
    [payout] = till.sees_run(run_id)["payouts"]
    assert (payout["status"], payout["destination"]) == ("canceled", {})
    assert found("wallet.example") == {}
    assert_ledger_sound()


def is_a_lock_awaited() -> bool:
    """Whether a transaction of this database waits for another one to end."""
    awaited = """
        SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted
                       AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database()))
    """
    with db.transaction() as session:
        return bool(session.scalar(text(awaited)))


def test_a_partner_of_another_organization_keeps_its_account(
    erase: Erase, merchant: Merchant, owner: Caller, known: Caller, affiliate: Affiliate
) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
        enroll(session, other, "ada")
        address = {"email": ADDRESS, "id": other.partners["ada"]}
        session.execute(text("UPDATE partners SET email = :email WHERE id = :id"), address)
    affiliate("ada", shop=other)
    erase(partner_id(merchant))
    assert found(ADDRESS).keys() == {"partners", "organizations", "people"}
    assert known.get("/v1/admin/affiliate-me/programs").status_code == 200
    del owner
