"""All pages of a list in one response, while rows change, and what a failure leaves."""

import csv
import io
import tracemalloc
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import text

from app import db, ids
from app.config import Settings
from app.http import csv_lists
from tests.api.conftest import Caller, MakeCaller
from tests.api.sales import sell
from tests.cast import Merchant
from tests.receiver import wire

from .conftest import ACCEPT, ROWS, THREE_PAGES, rows_of


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
