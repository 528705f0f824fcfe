"""Lists as CSV: all pages in one response, readable by a spreadsheet that executes none of it."""

import csv
import io
import json
import tracemalloc
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from app import csv_text, db, ids
from app.config import Settings
from app.http import csv_lists
from app.views import Camel, Snake
from tests.cast import Merchant
from tests.receiver import wire

from .conftest import Answer, Caller, MakeCaller
from .sales import pay_unattributed, sell
from .test_lists_at_size import multiply, numbered

ROWS = 10_000
THREE_PAGES = 1_200
ACCEPT = {"Accept": "text/csv"}


class _Sum(Snake):
    currency: str
    gross_cents: int
    fee_cents: int | None
    fee: str
    details: dict[str, Any]


class _Camel(Camel):
    amount_cents: int
    currency: str
    is_new: bool


def rows_of(answer: Answer) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.text.count("\n") == answer.text.count("\r\n")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.fixture
def shop(owner: Caller, merchant: Merchant) -> dict[str, str]:
    """Three sales of Ada's and one that credits no partner; gives the paths of all lists by name."""
    with db.transaction() as session:
        for number in (1, 2, 3):
            sell(session, merchant, "ada", number)
        pay_unattributed(session, merchant, 4)
    program, ada = ids.encode("prog", merchant.program_id), ids.encode("par", merchant.partners["ada"])
    return {
        "partners": "/api/v1/partners",
        "affiliates": "/api/v1/affiliates",
        "affiliates of a program": f"/v1/admin/affiliate/programs/{program}/affiliates",
        "conversions": "/api/v1/conversions",
        "conversions of a program": f"/v1/admin/affiliate/programs/{program}/conversions",
        "commissions": "/api/v1/commissions",
        "commissions of a partner": f"/api/v1/partners/{ada}/commissions",
        "payments": "/api/v1/payments",
    }


def _as_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def test_every_list_has_the_rows_and_fields_of_json(owner: Caller, shop: dict[str, str]) -> None:
    for name, path in shop.items():
        answer = owner.get(path).json
        listed = answer["commissions"] if "commissions" in answer else answer["data"]
        written = rows_of(owner.csv(path))
        assert len(written) == len(listed) >= 3, name
        for row, view in zip(written, listed, strict=True):
            assert {field: row[field] for field in view} == {field: _as_cell(value) for field, value in view.items()}


def test_amounts_in_minor_units_are_followed_by_decimals(owner: Caller, shop: dict[str, str]) -> None:
    [*_, row] = rows_of(owner.csv(shop["conversions"]))
    fields = list(row)
    assert fields[fields.index("amountCents") + 1] == "amount"
    assert (row["amountCents"], row["amount"], row["currency"]) == ("4900", "49.00", "usd")
    assert (row["commissionCents"], row["commission"]) == ("980", "9.80")
    [*_, payment] = rows_of(owner.csv(shop["payments"]))
    assert (payment["base_cents"], payment["base"]) == ("4900", "49.00")


def test_decimals_follow_the_currency_and_take_no_name_of_a_field() -> None:
    assert csv_text.columns(_Sum) == ("currency", "gross_cents", "gross", "fee_cents", "fee_decimal", "fee", "details")
    yen = _Sum(currency="jpy", gross_cents=-500, fee_cents=None, fee="x", details={"a": "=1"})
    assert csv_text.lines([csv_text.cells(yen)]) == 'jpy,-500,-500,,,x,"{""a"": ""=1""}"\r\n'
    dinar = _Camel(amount_cents=12_345, currency="KWD", is_new=True)
    assert csv_text.columns(_Camel) == ("amountCents", "amount", "currency", "isNew")
    assert csv_text.lines([csv_text.cells(dinar)]) == "12345,12.345,KWD,true\r\n"


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", '"\'\r=1"'),
        ("\n=1", '"\'\n=1"'),
        ("\uff1d1", "'\uff1d1"),
        ("-12.00", "-12.00"),
        ("-٣", "'-٣"),
        ("a=1", "a=1"),
        ('a,"b"', '"a,""b"""'),
        ("Zoë", "Zoë"),
        (-980, "-980"),
        (None, ""),
    ],
)
def test_text_that_may_be_a_formula_is_marked_and_numbers_never(cell: csv_text.Cell, written: str) -> None:
    assert csv_text.lines([[cell, "end"]]) == f"{written},end\r\n"


def test_names_that_begin_as_formulas_are_marked(owner: Caller) -> None:
    body = {"email": "+eve@example.com", "slug": "eve", "first_name": '=HYPERLINK("http://example.com")'}
    assert owner.post("/api/v1/partners", body).status_code == 201
    [newest, *_] = rows_of(owner.csv("/api/v1/partners"))
    assert newest["first_name"] == '\'=HYPERLINK("http://example.com")'
    assert newest["email"] == "'+eve@example.com"
    [newest, *_] = rows_of(owner.csv("/api/v1/affiliates"))
    assert newest["name"].startswith("'=")


def test_an_empty_list_is_its_header(owner: Caller) -> None:
    answer = owner.csv("/api/v1/commissions")
    assert rows_of(answer) == []
    assert answer.text.startswith("id,tenantId,attributionId,")


def test_filters_hold_and_the_page_size_has_no_effect(owner: Caller, shop: dict[str, str]) -> None:
    every = owner.csv(shop["payments"]).text
    assert owner.csv(shop["payments"], limit=1).text == every
    [unattributed] = rows_of(owner.csv(shop["payments"], attributed="false"))
    assert unattributed["outcome"] == "unattributed"
    assert rows_of(owner.csv(shop["partners"], search="unknown", per_page=1)) == []
    assert rows_of(owner.csv(shop["commissions"], status="paid")) == []


def test_the_list_continues_after_an_id(owner: Caller, shop: dict[str, str]) -> None:
    for path in shop.values():
        newest, *others = rows_of(owner.csv(path))
        assert rows_of(owner.csv(path, starting_after=newest["id"])) == others


def test_page_numbers_and_unknown_ids_are_refused_as_json(owner: Caller, shop: dict[str, str]) -> None:
    for path in (shop["payments"], shop["conversions"], shop["partners"]):
        refused = owner.csv(path, page=2)
        assert (refused.status_code, refused.json["error"]["param"]) == (400, "page")
        refused = owner.csv(path, starting_after="nothing")
        assert (refused.status_code, refused.json["error"]["param"]) == (400, "starting_after")


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/csv, application/json;q=0.5", "text/csv; charset=utf-8"),
        ("application/json, text/csv;q=0.5", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
    ],
)
def test_the_accept_header_decides(owner: Caller, accept: str, content_type: str) -> None:
    answer = owner.call("GET", "/api/v1/payments", {"Accept": accept})
    assert answer.headers["Content-Type"] == content_type


def test_a_file_is_offered_under_the_name_of_its_list(owner: Caller) -> None:
    assert owner.csv("/api/v1/payments").headers["Content-Disposition"] == 'attachment; filename="payments.csv"'


def fill(database_url: str, rows: int) -> None:
    """More payments of Ada's customers, with their conversions and commissions, older than those of the shop."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        earned = "(SELECT * FROM payments WHERE outcome = 'accrued' LIMIT 1)"
        multiply(connection, "payments", source=earned, rows=rows, id=numbered(1), key="'invoice:in_x' || n")
        multiply(connection, "conversions", rows=rows, id=numbered(2), payment_id=numbered(1))
        multiply(connection, "commissions", rows=rows, id=numbered(3), conversion_id=numbered(2))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
    engine.dispose()


@pytest.fixture
def many(shop: dict[str, str], database_url: str) -> None:
    """Ten thousand payments, twenty pages."""
    fill(database_url, ROWS)


@pytest.fixture
def three_pages(shop: dict[str, str], database_url: str) -> None:
    fill(database_url, THREE_PAGES)


def test_ten_thousand_rows_take_the_memory_of_a_page(
    owner: Caller, shop: dict[str, str], many: None, statements: list[tuple[str, object]]
) -> None:
    headers = {"Authorization": f"Bearer {owner.key}", **ACCEPT}
    with owner.application.test_client().get(shop["commissions"], headers=headers) as answer:
        tracemalloc.start()
        parts = iter(answer.response)
        newline_count = sum(part.count(b"\n") for part in islice(parts, 5))
        peak_of_five = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        newline_count += sum(part.count(b"\n") for part in parts)
        peak_of_twenty = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert newline_count > ROWS
    assert peak_of_twenty < 1.5 * peak_of_five
    read = [statement for statement, _ in statements if "ORDER BY" in statement and "LIMIT" in statement]
    assert len(read) == newline_count // csv_lists.ROWS_AT_ONCE + 1


def test_rows_added_meanwhile_move_nothing(
    owner: Caller, merchant: Merchant, shop: dict[str, str], three_pages: None
) -> None:
    headers = {"Authorization": f"Bearer {owner.key}", **ACCEPT}
    for position, name in enumerate(("payments", "conversions", "commissions")):
        before = [row["id"] for row in rows_of(owner.csv(shop[name]))]
        with owner.application.test_client().get(shop[name], headers=headers) as answer:
            parts = iter(answer.response)
            received = next(parts)
            with db.transaction() as session:
                sell(session, merchant, "ada", 100 + position)
            received += b"".join(parts)
        listed = [row["id"] for row in csv.DictReader(io.StringIO(received.decode(), newline=""))]
        assert listed == before
        assert len(rows_of(owner.csv(shop[name]))) == len(before) + 1


def test_a_conversion_given_to_another_partner_meanwhile_repeats_no_rows(
    owner: Caller, merchant: Merchant, shop: dict[str, str], three_pages: None
) -> None:
    """The row after which the list continues leaves it, or moves to its beginning."""
    headers = {"Authorization": f"Bearer {owner.key}", **ACCEPT}
    with owner.application.test_client().get(shop["conversions"], headers=headers) as answer:
        parts = iter(answer.response)
        received = next(parts)
        last = ids.decode(received.rpartition(b"\r\ncnv_")[2][:26].decode().join(["cnv_", ""]), ids.CONVERSION)
        with db.transaction() as session:
            session.execute(
                text("UPDATE conversions SET partner_id = :ben WHERE id = :id"),
                {"ben": merchant.partners["ben"], "id": last},
            )
        received += b"".join(parts)
    listed = [row["id"] for row in csv.DictReader(io.StringIO(received.decode(), newline=""))]
    assert len(listed) == len(set(listed)) == THREE_PAGES + 3


def test_the_stream_shows_only_rows_of_the_caller_on_every_page(
    owner: Caller, stranger: Caller, shop: dict[str, str], three_pages: None
) -> None:
    for path in (shop["payments"], shop["conversions"], shop["commissions"]):
        assert rows_of(stranger.csv(path)) == []


def test_a_key_of_the_other_mode_sees_no_rows(
    merchant: Merchant, caller_of: MakeCaller, shop: dict[str, str], three_pages: None
) -> None:
    live = caller_of(merchant, livemode=True)
    for path in (shop["payments"], shop["conversions"], shop["commissions"]):
        assert rows_of(live.csv(path)) == []


def test_a_list_counts_as_one_request(owner: Caller, shop: dict[str, str], three_pages: None) -> None:
    first = owner.get(shop["partners"])
    answer = owner.csv(shop["commissions"])
    assert int(first.headers["X-RateLimit-Remaining"]) - int(answer.headers["X-RateLimit-Remaining"]) == 1


def test_half_the_threads_send_lists_and_further_ones_are_refused(owner: Caller, shop: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {owner.key}", **ACCEPT}
    client = owner.application.test_client()
    answers = [client.get(shop["payments"], headers=headers) for _ in range(2)]
    refused = owner.csv(shop["payments"])
    assert (refused.status_code, refused.json["error"]["code"]) == (503, "unavailable")
    assert owner.get(shop["payments"]).status_code == 200
    for answer in reversed(answers):  # a thread ends its requests in this order
        answer.close()
    assert owner.csv(shop["payments"]).status_code == 200


def test_a_refused_list_and_one_asked_for_by_head_free_their_place(owner: Caller, shop: dict[str, str]) -> None:
    for _ in range(3):
        assert owner.csv(shop["payments"], starting_after="nothing").status_code == 400
        assert owner.call("HEAD", shop["payments"], ACCEPT).status_code == 200
    assert owner.csv(shop["payments"]).status_code == 200


@pytest.fixture
def spoiled(three_pages: None, database_url: str) -> None:
    """One of the oldest payments cannot be shown."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE payments ALTER created_at DROP NOT NULL"))
        connection.execute(text("SET session_replication_role = replica"))
        old = {"id": "01900000-0001-7000-8000-000000000001"}
        spoil = text("UPDATE payments SET created_at = NULL WHERE id = :id")
        assert connection.execute(spoil, old).rowcount == 1
    engine.dispose()


def test_a_list_that_fails_says_so_in_its_last_line(owner: Caller, shop: dict[str, str], spoiled: None) -> None:
    headers = {"Authorization": f"Bearer {owner.key}", **ACCEPT}
    with owner.application.test_client().get(shop["payments"], headers=headers) as answer:
        received: list[bytes] = []
        with pytest.raises(csv_lists.Interrupted):
            received.extend(answer.response)
    assert b"".join(received).decode().endswith(f"\r\n{csv_lists.INCOMPLETE}\r\n")


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_client_sees_that_a_list_is_incomplete(
    owner: Caller, shop: dict[str, str], spoiled: None, settings: Settings, tmp_path: Path, version: str
) -> None:
    """HTTP/1.1: the last chunk is missing. HTTP/1.0 knows no chunks: the failure comes before anything is sent."""
    head = f"GET {shop['payments']} HTTP/{version}\nHost: shop.example\nAuthorization: Bearer {owner.key}\n"
    with wire.serve(settings, tmp_path / "web.log") as web:
        failed = web.exchange(f"{head}Accept: text/csv\nConnection: close\n\n")
        whole = web.exchange(f"{head.replace('payments', 'commissions')}Accept: text/csv\nConnection: close\n\n")
    ends = b"\r\n0\r\n\r\n"
    if version == "1.1":
        assert b"200 OK" in failed
        assert not failed.endswith(ends)
        assert whole.endswith(ends)
    else:
        assert b" 500 " in failed.partition(b"\r\n")[0]
        sent_head, _, body = whole.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in sent_head
        assert body.count(b"\n") > THREE_PAGES
    assert "shop.example" not in (tmp_path / "web.log").read_text()
