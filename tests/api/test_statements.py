"""Statements as owners and partners are shown them: closed months and the running one."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from app import db, ids
from app.mail_queue.models import Mail
from tests.cast import Merchant
from tests.conftest import assert_ledger_sound
from tests.ledger.statistics import move
from tests.ledger_clock import LedgerClock, ledger_clock
from tests.outbox.listening import listen, recorded
from tests.servers import Servers
from worker.ledger.months import close_due

from .conftest import Answer, Caller, MakeCaller
from .reserved import reserve
from .sales import sell
from .test_partner_side import ME, Affiliate, affiliate, set_status

__all__ = ["affiliate"]


@pytest.fixture
def clock(servers: Servers, database_url: str, merchant: Merchant) -> Iterator[LedgerClock]:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET created_at = '2026-04-15T00:00:00Z'"))
    with ledger_clock(servers, database_url) as clock:
        yield clock


def at(clock: LedgerClock, written: str) -> None:
    clock.set(datetime.fromisoformat(written).replace(tzinfo=UTC))


@pytest.fixture
def story(merchant: Merchant, clock: LedgerClock) -> None:
    """Ada sells in May and June, when a part of May's sale is taken back; Ben sells in May. It is the 2nd of July."""
    at(clock, "2026-05-05T00:00:00")
    with db.transaction() as session:
        first = sell(session, merchant, "ada", 1).commission_id
        sell(session, merchant, "ben", 2)
    at(clock, "2026-06-05T00:00:00")
    with db.transaction() as session:
        sell(session, merchant, "ada", 3)
        move(session, merchant, first, "partner_accrued", "commission_expense", 200)
    at(clock, "2026-07-02T00:00:00")
    close_due()


def of_partner(shop: Merchant, code: str = "ada") -> str:
    return f"/api/v1/partners/{ids.encode('par', shop.partners[code])}/statements"


def get_as(caller: Caller, path: str, kind: str, **query: Any) -> Answer:
    return caller.call("GET", path, {"Accept": kind}, query_string=query)


def test_closed_months_are_listed_newest_first_beside_the_running_one(
    merchant: Merchant, owner: Caller, story: None
) -> None:
    shown = owner.get(of_partner(merchant)).json
    assert [(one["month"], one["status"], one["number"]) for one in shown["data"]] == [
        ("2026-06", "closed", 2),
        ("2026-05", "closed", 1),
    ]
    june, may = shown["data"]
    assert june["previous_hash"] == may["hash"]
    assert (june["opening_cents"], june["earned_cents"], june["closing_cents"]) == (980, 780, 1760)
    [running] = shown["preview"]
    assert (running["id"], running["hash"], running["status"], running["month"]) == (None, None, "preview", "2026-07")
    assert (running["opening_cents"], running["closing_cents"], running["entry_count"]) == (1760, 1760, 0)
    assert [one["id"] for one in owner.get(of_partner(merchant), month="2026-05").json["data"]] == [may["id"]]
    rest = owner.get(of_partner(merchant), limit=1, starting_after=june["id"]).json
    assert ([one["id"] for one in rest["data"]], rest["has_more"]) == ([may["id"]], False)
    for month in ("2026-13", "May", "2026-5"):
        assert owner.get(of_partner(merchant), month=month).json["error"]["param"] == "month"


def test_a_statement_accounts_for_every_entry_with_its_reason(merchant: Merchant, owner: Caller, story: None) -> None:
    june = owner.get(of_partner(merchant)).json["data"][0]
    shown = owner.get(f"/api/v1/statements/{june['id']}").json
    assert {name: shown[name] for name in june} == june
    sale, taken = sorted(shown["lines"], key=lambda line: line["kind"])
    assert (sale["kind"], taken["kind"]) == ("accrual", "adjustment")
    assert re.fullmatch(r"Commission com_\w+ was earned: 9.80 USD.", sale["sentences"][0])
    assert sale["sentences"][1] == "Reason: 20 % of 49.00 USD is 9.80 USD, rounded half up."
    assert re.fullmatch(r"Commission com_\w+ changed by -2.00 USD.", taken["sentences"][0])
    assert taken["recorded_at"].startswith("2026-06-05")
    balance = f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}/balance"
    for line in shown["lines"]:
        [then] = owner.get(balance, at=line["recorded_at"]).json["data"]
        assert then["accrued_cents"] == line["owed_cents"]
    assert (sale["accrued_cents"], taken["accrued_cents"]) == (980, -200)
    assert shown["lines"][-1]["owed_cents"] == shown["closing_cents"] == 1760
    assert shown["payouts"] == []


def test_a_payout_and_its_fee_are_columns_of_the_statement(
    merchant: Merchant, owner: Caller, clock: LedgerClock
) -> None:
    at(clock, "2026-05-05T00:00:00")
    with db.transaction() as session:
        sold = sell(session, merchant, "ada", 1).commission_id
        for source, target, minor in (
            ("partner_accrued", "partner_payable", 980),
            ("partner_payable", "payout_clearing", 980),
            ("payout_clearing", "partner_paid", 931),
            ("payout_clearing", "platform_fee", 49),
        ):
            move(session, merchant, sold, source, target, minor)
    at(clock, "2026-06-02T00:00:00")
    close_due()
    [may] = owner.get(of_partner(merchant)).json["data"]
    figures = ("opening", "earned", "paid", "fee", "written_off", "closing")
    assert [may[f"{name}_cents"] for name in figures] == [0, 980, 931, 49, 0, 0]


def test_a_payout_reserved_in_one_month_and_paid_in_the_next_is_in_both(
    merchant: Merchant, owner: Caller, affiliate: Affiliate, clock: LedgerClock
) -> None:
    """Reserved in May it is still owed, in a payout; paid in June it is in June's list of payouts, with its fee."""
    at(clock, "2026-05-05T00:00:00")
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET platform_fee_bps = 500"))
    with db.transaction() as session:
        payout_id = reserve(session, merchant, "ada", sell(session, merchant, "ada", 1)).payout_id
    at(clock, "2026-06-01T00:00:30")
    close_due()
    at(clock, "2026-06-03T00:00:00")
    assert owner.post(f"/api/v1/payouts/{payout_id}/confirm", {"reference": "bank-1"}).status_code == 200
    at(clock, "2026-07-01T00:00:30")
    close_due()
    june, may = owner.get(of_partner(merchant)).json["data"]
    assert (may["closing_cents"], may["closing_clearing_cents"], may["paid_cents"]) == (980, 980, 0)
    assert [june[f"{name}_cents"] for name in ("opening", "paid", "fee", "closing")] == [980, 931, 49, 0]
    first = owner.get(f"/api/v1/statements/{may['id']}").json
    assert f"9.80 USD was reserved for payout {payout_id}." in first["lines"][-1]["sentences"]
    for shown in (
        owner.get(f"/api/v1/statements/{june['id']}").json,
        affiliate("ada").get(f"{ME}/statements/{june['id']}").json,
    ):
        [paid] = shown["payouts"]
        assert (paid["payout_id"], paid["paid_cents"], paid["fee_cents"]) == (payout_id, 931, 49)
        [line] = shown["lines"]
        assert line["sentences"][0] == f"Payout {payout_id} was paid: 9.31 USD, after a fee of 0.49 USD."
        assert (line["clearing_cents"], line["owed_cents"]) == (-980, 0)
    assert_ledger_sound()


def test_the_running_month_is_shown_with_its_entries(merchant: Merchant, owner: Caller, story: None) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 9)
    path = f"{of_partner(merchant)}/preview"
    shown = owner.get(path).json
    assert (shown["status"], shown["opening_cents"], shown["closing_cents"]) == ("preview", 1760, 2740)
    assert [line["kind"] for line in shown["lines"]] == ["accrual"]
    assert "preview of the running month" in get_as(owner, path, "text/html").text
    missing = owner.get(path, currency="jpy")
    assert (missing.status_code, missing.json["error"]["param"]) == (404, "currency")


def test_a_partner_sees_its_own_statements_and_no_others(merchant: Merchant, affiliate: Affiliate, story: None) -> None:
    ada, ben = affiliate("ada"), affiliate("ben")
    own, other = ada.get(f"{ME}/statements").json, ben.get(f"{ME}/statements").json
    assert [one["month"] for one in own["data"]] == ["2026-06", "2026-05"]
    assert [one["closing_cents"] for one in other["data"]] == [980, 980]
    statement_id = own["data"][0]["id"]
    shown = ada.get(f"{ME}/statements/{statement_id}").json
    assert (shown["closing_cents"], len(shown["lines"])) == (1760, 2)
    assert shown["lines"][0]["sentences"]
    refused = ben.get(f"{ME}/statements/{statement_id}")
    assert (refused.status_code, refused.json["error"]["code"]) == (404, "statement_not_found")
    program_id = ids.encode("prog", merchant.program_id)
    assert ada.get(f"{ME}/statements", program_id=program_id).json == own
    assert ada.get(f"{ME}/statements/preview", program_id=program_id).json["opening_cents"] == 1760
    set_status(merchant, "ada", "banned")
    assert ada.get(f"{ME}/statements/{statement_id}").json["error"]["code"] == "enrollment_ended"


def test_a_partner_is_not_shown_who_decided_and_in_which_words(
    merchant: Merchant, owner: Caller, affiliate: Affiliate, clock: LedgerClock
) -> None:
    at(clock, "2026-05-05T00:00:00")
    with db.transaction() as session:
        sold = sell(session, merchant, "ada", 1)
    program_id = ids.encode("prog", merchant.program_id)
    path = f"/v1/admin/affiliate/programs/{program_id}/conversions/{sold.conversion_id}/approve"
    assert owner.post(path, {"reason": "a friend of the house"}).status_code == 200
    at(clock, "2026-06-02T00:00:00")
    close_due()
    [may] = owner.get(of_partner(merchant)).json["data"]
    full = owner.get(f"/api/v1/statements/{may['id']}").text
    mine = affiliate("ada").get(f"{ME}/statements/{may['id']}").text
    assert "was approved" in full
    assert "a friend of the house" in full
    assert "was approved" in mine
    assert "a friend of the house" not in mine
    assert "key_" not in mine


def test_live_statements_are_for_live_keys_only(
    merchant: Merchant, owner: Caller, caller_of: MakeCaller, story: None
) -> None:
    statement_id = owner.get(of_partner(merchant)).json["data"][0]["id"]
    live = caller_of(merchant, livemode=True)
    assert live.get(f"/api/v1/statements/{statement_id}").status_code == 404
    assert live.get(of_partner(merchant)).json["data"] == []


def test_a_closed_statement_is_recorded_for_endpoints_that_listen(
    merchant: Merchant, owner: Caller, clock: LedgerClock
) -> None:
    endpoint = listen(merchant.organization_id, "statement.closed")
    at(clock, "2026-05-05T00:00:00")
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    at(clock, "2026-06-02T00:00:00")
    close_due()
    [may] = owner.get(of_partner(merchant)).json["data"]
    with db.transaction() as session:
        [message] = recorded(session, endpoint)
    assert (message.type, message.data) == ("statement.closed", may)


@pytest.mark.usefixtures("story")
def test_closed_months_are_mailed_to_each_partner_once_with_their_totals(merchant: Merchant, owner: Caller) -> None:
    close_due()
    with db.transaction() as session:
        mails = session.scalars(select(Mail).where(Mail.kind == "monthly_summary").order_by(Mail.created_at)).all()
        mailed = [mail.details["statements"] for mail in mails if mail.partner_id == merchant.partners["ada"]]
        assert len(mails) == 4
    shown = reversed(owner.get(of_partner(merchant)).json["data"])
    assert mailed == [
        [
            {
                "id": one["id"],
                "currency": "usd",
                "earned_minor": one["earned_cents"],
                "paid_minor": 0,
                "owed_minor": one["closing_cents"],
            }
        ]
        for one in shown
    ]
