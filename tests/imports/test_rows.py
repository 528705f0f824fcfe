"""Each row stands for itself: what is wrong is listed with its line and reason, and the rest is imported."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from app import db, sealing
from app.config import Settings
from app.programs.models import Program
from tests import cast
from tests.api.conftest import MakeCaller
from tests.cast import Merchant
from worker.transfer import imports

from .desk import Desk, told
from .lists import REWARDFUL

PEOPLE = "affiliate_email,affiliate_code,affiliate_status\n"
CUSTOMERS = "affiliate_code,customer_id,stripe_customer_id,customer_email,referred_at,first_paid_at\n"
OWED = "affiliate_code,commission_id,amount,currency,earned_at\n"


def reasons(body: dict[str, Any]) -> list[tuple[int, str, str | None]]:
    return [(one["line"], one["reason"], one["column"]) for one in body["refusals"]]


def test_affiliate_that_is_a_partner_already_keeps_what_it_has_and_gets_its_old_codes(desk: Desk) -> None:
    rows = (
        "ada@partners.example,Old-Ada,banned\n"  # a partner of this shop, whose code is ada
        "zoe@affiliates.example,ben,active\n"  # the code is Ben's
        "zoe@affiliates.example,zoe,active\n"
        "ZOE@affiliates.example,zoe zoe-2,paused\n"
    )
    done = desk.imports("csv", {"people.csv": PEOPLE + rows})
    assert done["affiliates"] == {"created": 1, "completed": 3, "unchanged": 0}
    assert reasons(done) == [(3, "code_taken", "affiliate_code")]
    assert done["refusals"][0]["sentence"] == (
        'The code "ben" is or was another partner\'s, so links with it stay with that partner.'
    )
    partners = desk.partners()
    assert (partners["ada@partners.example"]["status"], partners["ada@partners.example"]["slug"]) == ("active", "ada")
    assert partners["zoe@affiliates.example"]["status"] == "active"
    with db.transaction() as session:
        codes = session.execute(
            text(
                "SELECT partner.email, code.code FROM partner_codes AS code JOIN partners AS partner ON partner.id = "
                "code.partner_id WHERE partner.email IN ('ada@partners.example', 'zoe@affiliates.example')"
            )
        ).all()
    assert {"old-ada", "ada"} == {code for email, code in codes if email.startswith("ada")}
    assert {"zoe", "zoe-2"} < {code for email, code in codes if email.startswith("zoe")}


def test_every_row_that_cannot_be_imported_is_listed_with_its_line_column_and_reason(desk: Desk) -> None:
    people = (
        "nobody,x1,active\n"
        "zoe@affiliates.example,a.b,active\n"
        "yan@affiliates.example,yan,asleep\n"
        "shop@example.com,shop,active\n"
        ",xa,active\n"
        '"=cmd|x",xb,active\n'
    )
    customers = (
        "ada,u-1,cus_1,,03/04/2026,2026-03-04\n"
        "ada,u-2,cus_2,,2026-03-04,\n"
        "gone,u-3,cus_3,,2026-03-04,2026-03-04\n"
        "ada,u-4,,,2026-03-04,2026-03-04\n"
        "ada,u-5,cus_5,,2026-03-04,2100-01-01\n"
        ",u-6,cus_6,,2026-03-04,2026-03-04\n"
        "ada,u-7,cus_7,,2026-03-04,2026-03-04\n"
        "ben,u-7,cus_7,,2026-03-04,2026-03-04\n"
        "ada,u-7,cus_8,,2026-03-04,2026-03-04\n"
    )
    owed = (
        "ada,c-1,12.00,usd,2026-03-04\n"
        "ada,c-1,13.00,usd,2026-03-04\n"
        "ada,c-2,12.00,dollars,2026-03-04\n"
        'ada,c-3,"1,234",usd,2026-03-04\n'
        "ada,,12.00,usd,2026-03-04\n"
        "ada,c-5,€12.00,usd,2026-03-04\n"
        "ada,c-6,12.00,usd,soon\n"
    )
    files = {"owed.csv": OWED + owed, "people.csv": PEOPLE + people, "customers.csv": CUSTOMERS + customers}
    done = desk.imports("csv", files)
    assert told(done) == [
        "people.csv:2 email_invalid",
        "people.csv:3 code_invalid",
        "people.csv:4 status_unknown",
        "people.csv:5 self_referral",
        "people.csv:6 missing",
        "people.csv:7 formula",
        "customers.csv:2 date_ambiguous",
        "customers.csv:3 first_paid_at_missing",
        "customers.csv:4 affiliate_unknown",
        "customers.csv:5 customer_missing",
        "customers.csv:6 date_in_future",
        "customers.csv:7 affiliate_missing",
        "customers.csv:9 customer_of_another",
        "customers.csv:10 customer_differs",
        "owed.csv:3 balance_differs",
        "owed.csv:4 currency_unknown",
        "owed.csv:5 amount_ambiguous",
        "owed.csv:6 missing",
        "owed.csv:7 currency_differs",
        "owed.csv:8 date_invalid",
    ]
    assert done["refused"] == 20
    assert (done["affiliates"]["created"], done["customers"]["created"], done["balances"]["created"]) == (1, 1, 1)
    sentences = {one["reason"]: one["sentence"] for one in done["refusals"]}
    assert sentences["date_ambiguous"] == (
        '"03/04/2026" of column "referred_at" may begin with the day or with the month; write it like 2026-11-29, or '
        "map the column with :day-first or :month-first."
    )
    assert "{" not in "".join(sentences.values())
    assert "affiliates.example" not in str(done["refusals"])
    page = desk.caller.get(f"/api/v1/imports/{done['id']}/refusals", limit=15).json
    last = page["data"][-1]["number"]
    rest = desk.caller.get(f"/api/v1/imports/{done['id']}/refusals", limit=15, starting_after=last).json
    assert (page["has_more"], rest["has_more"]) == (True, False)
    assert page["data"] + rest["data"] == done["refusals"]


def test_what_was_refused_is_imported_once_it_is_put_right(desk: Desk) -> None:
    rows = "ada,u-1,cus_1,,03/04/2026,2026-03-04\nada,u-2,cus_2,,13/04/2026,2026-04-14\n"
    first = desk.imports("csv", {"customers.csv": CUSTOMERS + rows})
    again = desk.imports("csv", {"customers.csv": CUSTOMERS + rows}, map=["referred_at=referred_at:day-first"])
    assert (first["customers"]["created"], first["refused"]) == (1, 1)
    assert (again["customers"], again["refused"]) == ({"created": 1, "completed": 0, "unchanged": 1}, 0)
    with db.transaction() as session:
        at = session.scalar(text("SELECT occurred_at FROM signups WHERE customer_id = 'u-1'"))
    assert at == datetime(2026, 4, 3, tzinfo=UTC)


def test_pending_commissions_are_left_out_where_the_merchant_says_so(desk: Desk) -> None:
    done = desk.imports("rewardful", REWARDFUL, leave_pending="true")
    assert done["opened"] == [{"currency": "usd", "amount_cents": 3000}]
    assert done["left_out"]["pending"] == 1


def test_customer_needs_no_first_payment_where_stripe_can_be_asked(
    desk: Desk, merchant: Merchant, settings: Settings
) -> None:
    cast.set_api_key(merchant.organization_id, "sk_test_0123456789abcdefghijklmn", settings)
    done = desk.imports("csv", {"c.csv": CUSTOMERS + "ada,u-2,cus_2,,2026-03-04,\nada,u-3,,cleo@x.example,,\n"})
    assert (done["customers"]["created"], done["refused"]) == (2, 0)
    with db.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM lookups")) == 2


@pytest.mark.parametrize(
    ("files", "fields", "code", "message"),
    [
        ({"a.csv": "affiliate_email\n"}, {}, "file_unreadable", "no rows"),
        ({"a.csv": CUSTOMERS + "ada,u-1,,,,\n"}, {"cutoff_at": None}, "cutoff_required", "cutoff is required"),
        (
            {"a.csv": OWED + "ada,c-1,3000,usd,\n"},
            {},
            "amounts_unclear",
            "map amount=amount:units or amount=amount:cents",
        ),
        ({"a.csv": "Mail\nx\n"}, {}, "columns_unknown", 'its columns ("Mail")'),
        ({"a.csv": PEOPLE + "x,y,z\n"}, {"map": ["Mail=affiliate_email"]}, "map_invalid", "'mail'"),
        ({"a.csv": PEOPLE + "x,y,z\n"}, {"tool": "other"}, "invalid_request", "tool"),
        ({"a.csv": PEOPLE + 'x,"y,z\n'}, {}, "file_unreadable", "from line 2 on"),
    ],
)
def test_file_that_cannot_be_imported_as_a_whole_is_refused_at_once(
    desk: Desk, files: dict[str, str], fields: dict[str, Any], code: str, message: str
) -> None:
    refused = desk.send(**{"tool": "csv", "files": files, **fields})
    assert (refused.status_code, refused.json["error"]["code"]) == (400, code), refused.text
    assert message in refused.json["error"]["message"]
    assert desk.caller.get("/api/v1/imports").json == {"data": [], "has_more": False}


def test_files_are_sealed_and_deleted_after_the_work(desk: Desk) -> None:
    sent = desk.send("rewardful", REWARDFUL).json["data"]
    query = text("SELECT content_encrypted FROM import_files")
    with db.transaction() as session:
        sealed = session.scalars(query).all()
    assert all("ann@" not in one for one in sealed)
    assert sealing.unseal(sealed[0], sealing.of_process()).startswith("ID,First Name")
    assert (sent["status"], sent["progress_percent"]) == ("queued", 0)
    imports.work_slice(600)
    with db.transaction() as session:
        assert set(session.scalars(query)) == {None}
        stored = session.execute(
            text("SELECT details::text FROM audit_entries UNION ALL SELECT details::text FROM import_refusals")
        )
        assert not [row for (row,) in stored if "@" in row]


def test_lists_show_imports_of_the_keys_mode_newest_first(
    desk: Desk, merchant: Merchant, caller_of: MakeCaller
) -> None:
    made = [desk.imports("csv", {"a\x7f b.csv": PEOPLE + f"x{n}@x.example,x{n},active\n"})["id"] for n in range(3)]
    page = desk.caller.get("/api/v1/imports", limit=2).json
    assert ([one["id"] for one in page["data"]], page["has_more"]) == (made[:0:-1], True)
    assert page["data"][0]["files"][0]["name"] == "a b.csv"
    rest = desk.caller.get("/api/v1/imports", limit=2, starting_after=made[1]).json
    assert [one["id"] for one in rest["data"]] == made[:1]
    live = caller_of(merchant, livemode=True)
    assert live.get("/api/v1/imports").json["data"] == []
    assert live.get(f"/api/v1/imports/{made[0]}").status_code == 404
    with db.transaction() as session:
        assert session.get_one(Program, merchant.program_id).test_cutoff_at is not None
        assert session.get_one(Program, merchant.program_id).live_cutoff_at is None


def test_files_of_more_than_twenty_megabytes_are_refused_and_two_megabytes_are_taken(desk: Desk) -> None:
    row = f"u{{}}@x.example,u{{}},active,{'x' * 2000}\n"
    few = "affiliate_email,affiliate_code,affiliate_status,notes\n" + "".join(row.format(n, n) for n in range(1000))
    sent = desk.send("csv", {"a.csv": few})
    assert (sent.status_code, sent.json["data"]["rows"]) == (201, 1000)
    refused = desk.send("csv", {"a.csv": few + "x" * 20 * 1024 * 1024})
    assert (refused.status_code, refused.json["error"]["code"]) == (413, "too_large")
    assert "at most 20 MB" in refused.json["error"]["message"]
    many = PEOPLE + "".join(f"v{n}@x.example,v{n},active\n" for n in range(10_001))
    long = desk.send("csv", {"a.csv": many}, dry_run="true")
    assert (long.status_code, long.json["error"]["param"]) == (400, "dry_run")
    by_part = desk.caller.call("POST", "/api/v1/imports", json={"tool": "csv"})
    assert by_part.status_code == 415
