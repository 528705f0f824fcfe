"""Balances at any time, as the owner and the partner are shown them."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app import db, ids
from app.http import csv_lists
from tests.api.conftest import Caller, MakeCaller
from tests.api.sales import sell
from tests.books import Balances
from tests.cast import Merchant, enroll, open_merchant
from tests.conftest import Deliver, Drain
from tests.properties.oracle import Returned, expected_books
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks, Purchase
from tests.stripe_stories.families import CLOVER
from worker.ledger.balances import advance

from .test_partner_side import ME, Affiliate, affiliate, sold

__all__ = ["affiliate"]

FIGURES = ("accrued", "payable", "clearing", "paid", "fee", "written_off")


def _now() -> datetime:
    return datetime.now(UTC)


def _of_partner(shop: Merchant, code: str) -> str:
    return f"/api/v1/partners/{ids.encode('par', shop.partners[code])}/balance"


def _of_program(shop: Merchant) -> str:
    return f"/v1/admin/affiliate/programs/{ids.encode('prog', shop.program_id)}/balances"


def _accrued(rows: list[dict[str, Any]], shop: Merchant) -> Balances:
    """What the oracle calls balances; everything in these stories is accrued."""
    codes = {ids.encode("par", partner_id): code for code, partner_id in shop.partners.items()}
    assert all(row[f"{name}_cents"] == 0 for row in rows for name in FIGURES[1:])
    accrued = {("partner_accrued", codes[row["partner_id"]], row["currency"]): row["accrued_cents"] for row in rows}
    return {key: minor for key, minor in accrued.items() if minor}


def test_balances_at_six_moments_of_a_story_are_those_of_the_oracle(
    merchant: Merchant, owner: Caller, deliver: Deliver, drain: Drain
) -> None:
    """Ada's and Ben's customers buy, renew and get money back; each moment shows what was known by then, for ever."""
    cleo, tom = Customer(CLOVER, Marks(subscription="ada")), Customer(CLOVER, Marks(subscription="ben"))
    first = cleo.subscribes()
    other = tom.subscribes()
    second = cleo.renews(first)
    part, whole = cleo.is_refunded(first, 1000), cleo.is_refunded(second, second.bill.charged_minor)
    purchases: dict[Customer, list[Purchase]] = {cleo: [], tom: []}
    returns: list[Returned] = []
    known: list[tuple[datetime, Balances]] = []

    def happen(events: tuple[Event, ...], sale: Purchase | None = None, back: Returned | None = None) -> None:
        deliver(events)
        drain()
        if sale:
            purchases[tom if sale is other else cleo].append(sale)
        returns.extend([back] if back else [])
        books = [expected_books(own, returns).balances for own in purchases.values()]
        known.append((_now(), {key: minor for one in books for key, minor in one.items() if key[1]}))
        if len(known) % 2:
            advance()

    happen(())
    happen(first.events, first)
    happen(other.events, other)
    happen(part.events, back=Returned(first, 1000))
    happen(second.events, second)
    happen(whole.events, back=Returned(second, second.bill.charged_minor))
    assert len({str(balances) for _, balances in known}) >= 5
    for _ in range(2):
        for moment, expected in known:
            shown = owner.get(_of_program(merchant), at=moment.isoformat())
            assert _accrued(shown.json["data"], merchant) == expected
            for code in ("ada", "ben"):
                own = {key: minor for key, minor in expected.items() if key[1] == code}
                rows = owner.get(_of_partner(merchant, code), at=moment.isoformat()).json["data"]
                assert _accrued(rows, merchant) == own
        advance()


def test_the_answer_names_the_time_and_every_account(merchant: Merchant, owner: Caller) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    shown = owner.get(_of_partner(merchant, "ada"), at="2026-01-31T23:59:59.999Z").json
    assert shown == {"at": "2026-01-31T23:59:59.999Z", "data": []}
    own = {"partner_id": ids.encode("par", merchant.partners["ada"]), "currency": "usd"}
    figures = dict.fromkeys((f"{name}_cents" for name in FIGURES), 0)
    assert owner.get(_of_partner(merchant, "ada")).json == {
        "at": None,
        "data": [{**own, **figures, "accrued_cents": 980}],
    }


def test_the_answer_names_the_time_so_exactly_that_it_can_be_asked_again(merchant: Merchant, owner: Caller) -> None:
    """An entry counts from the microsecond on in which it was recorded."""
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
        recorded_at = session.scalar(text("SELECT recorded_at FROM journal_entries"))
    for microseconds, expected in ((-1, []), (0, [980]), (1, [980])):
        at = recorded_at + timedelta(microseconds=microseconds)
        shown = owner.get(_of_partner(merchant, "ada"), at=at.isoformat()).json
        assert datetime.fromisoformat(shown["at"]) == at
        assert [row["accrued_cents"] for row in shown["data"]] == expected
        assert owner.get(_of_partner(merchant, "ada"), at=shown["at"]).json == shown


@pytest.mark.parametrize("at", ["yesterday", "2026-10-31", "2026-10-31T23:59:59"])
def test_what_is_no_time_with_a_zone_is_refused_with_an_example(merchant: Merchant, owner: Caller, at: str) -> None:
    path = f"/api/v1/partners/{ids.encode(ids.PARTNER, merchant.partners['ada'])}/balance"
    refused = owner.get(path, at=at)
    assert (refused.status_code, refused.json["error"]["message"]) == (
        400,
        "at must be a time with its zone, such as 2026-10-31T23:59:59Z",
    )


def test_a_time_in_the_future_is_refused_with_that_time(merchant: Merchant, owner: Caller) -> None:
    moment = _now() + timedelta(minutes=1)
    for path in (_of_partner(merchant, "ada"), _of_program(merchant)):
        refused = owner.get(path, at=moment.isoformat())
        assert refused.status_code == 400
        assert refused.json["error"]["param"] == "at"
        assert "is in the future" in refused.json["error"]["message"]


def test_an_answer_for_a_moment_is_the_same_after_a_transaction_that_was_under_way_then(
    merchant: Merchant, owner: Caller
) -> None:
    """What is being recorded at the moment is waited for, so that it cannot appear in the past later."""
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    moment = _now()
    shown = owner.get(_of_partner(merchant, "ada"), at=moment.isoformat()).json
    with db.transaction() as session:
        sell(session, merchant, "ada", 2)
    assert owner.get(_of_partner(merchant, "ada"), at=moment.isoformat()).json == shown


def test_a_partner_sees_its_own_balance_at_a_time_over_its_programs(merchant: Merchant, affiliate: Affiliate) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
        enroll(session, other, "ada")
    affiliate("ada", shop=other)
    ada = affiliate("ada")
    sold(merchant, "ada", 1)
    sold(other, "ada", 2)
    sold(merchant, "ben", 3)
    moment = _now()
    sold(merchant, "ada", 4)
    [before] = ada.get(f"{ME}/balance", at=moment.isoformat()).json["data"]
    [after] = ada.get(f"{ME}/balance", at=_now().isoformat()).json["data"]
    assert (before["accrued_cents"], after["accrued_cents"]) == (2 * 980, 3 * 980)
    assert [row["accrued_cents"] for row in before["programs"]] == [980, 980]
    assert ada.get(f"{ME}/balance").json["data"] == [after]
    assert ada.get(f"{ME}/balance", at="2020-01-01T00:00:00Z").json["data"] == []
    refused = ada.get(f"{ME}/balance", at=(_now() + timedelta(hours=1)).isoformat())
    assert (refused.status_code, refused.json["error"]["param"]) == (400, "at")


def test_live_balances_are_shown_to_live_keys_only(merchant: Merchant, owner: Caller, caller_of: MakeCaller) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
        sell(session, merchant, "ada", 2, base_minor=100, livemode=True)
    shown = {
        caller: [row["accrued_cents"] for row in caller.get(_of_program(merchant), at=_now().isoformat()).json["data"]]
        for caller in (owner, caller_of(merchant, livemode=True))
    }
    assert list(shown.values()) == [[980], [20]]


def test_balances_as_csv_are_those_of_json_on_every_page(
    owner: Caller, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_lists, "ROWS_AT_ONCE", 1)
    sold(merchant, "ada", 1)
    sold(merchant, "ada", 2, "jpy")
    sold(merchant, "ben", 3)
    then = _now()
    sold(merchant, "ada", 4)
    for query in ({}, {"at": then.isoformat()}):
        shown = owner.get(_of_program(merchant), **query).json["data"]
        written = list(csv.DictReader(io.StringIO(owner.csv(_of_program(merchant), **query).text)))
        assert len(written) == 3
        for row in shown:
            assert {name: str(value) for name, value in row.items()} in [
                {name: line[name] for name in row} for line in written
            ]
    [yen] = [line for line in written if line["currency"] == "jpy"]
    assert yen["accrued"] == yen["accrued_cents"] == "980"


def test_balances_as_csv_of_all_pages_are_at_one_time(
    owner: Caller, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_lists, "ROWS_AT_ONCE", 1)
    sold(merchant, "ada", 1)
    sold(merchant, "ben", 2)
    headers = {"Authorization": f"Bearer {owner.key}", "Accept": "text/csv"}
    with owner.application.test_client().get(_of_program(merchant), headers=headers) as answer:
        parts = iter(answer.response)
        received = next(parts)
        sold(merchant, "ada", 3)
        received += b"".join(parts)
    written = {line["partner_id"]: line["accrued"] for line in csv.DictReader(io.StringIO(received.decode()))}
    assert set(written.values()) == {"9.80"}
