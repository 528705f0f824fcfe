"""A program's figures: totals, a day each, and leaders; the same before and after a checkpoint."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from app import db, ids
from tests.cast import Merchant
from worker.schedule import advance_sums

from .conftest import Caller
from .sales import SOLD_AT, sell

WINDOW = {"from": "2026-10-30", "to": "2026-11-02"}


def figures(caller: Caller, merchant: Merchant, **query: Any) -> Any:
    return caller.get(f"/v1/admin/affiliate/programs/{ids.encode('prog', merchant.program_id)}/analytics", **query)


def test_totals_days_and_leaders_agree(owner: Caller, merchant: Merchant) -> None:
    with db.transaction() as session:
        for number, (code, base_minor, currency) in enumerate(
            [("ada", 4900, "usd"), ("ben", 9800, "usd"), ("ada", 100, "usd"), ("ada", 1000, "jpy")]
        ):
            sell(session, merchant, code, number, base_minor=base_minor, currency=currency)
    shown = []
    for _ in range(2):
        shown.append(figures(owner, merchant, **WINDOW).json)
        advance_sums()
    assert shown[0] == shown[1]
    found = shown[0]
    assert (found["from"], found["to"], found["time_zone"]) == ("2026-10-30", "2026-11-02", "UTC")
    usd, jpy = found["totals"]
    assert usd == {
        "currency": "usd",
        "total_conversions": 3,
        "total_commissions": 3,
        "total_earned_cents": 2960,
        "pending_cents": 2960,
        "approved_cents": 0,
        "paid_cents": 0,
    }
    assert (jpy["currency"], jpy["total_earned_cents"]) == ("jpy", 200)
    days = [(day["date"], day["currency"], day["total_earned_cents"]) for day in found["series"]]
    assert days[:4] == [
        ("2026-10-30", "usd", 0),
        ("2026-10-30", "jpy", 0),
        ("2026-10-31", "usd", 0),
        ("2026-10-31", "jpy", 0),
    ]
    assert days[4:6] == [("2026-11-01", "usd", 2960), ("2026-11-01", "jpy", 200)]
    assert len(days) == 8
    leaders = [(one["currency"], one["slug"], one["name"], one["total_earned_cents"]) for one in found["leaderboard"]]
    assert leaders == [("jpy", "ada", "Ada", 200), ("usd", "ben", "Ben", 1960), ("usd", "ada", "Ada", 1000)]
    assert len(figures(owner, merchant, leaders=1, **WINDOW).json["leaderboard"]) == 2


def test_default_period_is_thirty_days_up_to_today(owner: Caller, merchant: Merchant) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET time_zone = 'Pacific/Kiritimati'"))
    found = figures(owner, merchant).json
    today = (datetime.now(UTC) + timedelta(hours=14)).date()
    assert (found["to"], found["from"]) == (today.isoformat(), (today - timedelta(days=29)).isoformat())
    assert len(found["series"]) == 30
    assert [one["currency"] for one in found["totals"]] == ["usd"]
    assert found["leaderboard"] == []


def test_windows_that_make_no_sense_are_refused(owner: Caller, merchant: Merchant) -> None:
    for query, param in (
        ({"from": "2026-11-02", "to": "2026-11-01"}, "from"),
        ({"from": "2000-01-01", "to": "2026-11-01"}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"to": "0001-01-01"}, "to"),
        ({"leaders": 0}, "leaders"),
        ({"since": "2026-11-01"}, "since"),
    ):
        answer = figures(owner, merchant, **query)
        assert (answer.status_code, answer.json["error"]["param"]) == (400, param), query


def test_figures_need_a_key_with_permission(
    owner: Caller, reader: Caller, stranger: Caller, merchant: Merchant
) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    assert figures(reader, merchant).status_code == 403
    assert figures(stranger, merchant).status_code == 404
    day = SOLD_AT.date().isoformat()
    assert figures(owner, merchant, **{"from": day, "to": day}).json["totals"][0]["total_earned_cents"] == 980
