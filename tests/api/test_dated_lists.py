"""Lists are cut down to a time: `since` is included, `until` is not."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app import db, ids
from tests.cast import Merchant

from .conftest import Caller
from .sales import Sale, sell

FIRST, SECOND, THIRD = (datetime(2026, month, 1, tzinfo=UTC) for month in (9, 10, 11))
MOVE = (
    "UPDATE payments SET occurred_at = :at WHERE id = :payment",
    "UPDATE commissions SET accrued_at = :at WHERE id = :commission",
    "UPDATE stripe_events SET received_at = :at WHERE stripe_id = :event",
)


@pytest.fixture
def sales(merchant: Merchant) -> list[Sale]:
    """Sales on the first of September, October and November."""
    sold = []
    with db.transaction() as session:
        for number, moment in enumerate((FIRST, SECOND, THIRD)):
            sale = sell(session, merchant, "ada", number)
            session.flush()
            named = {"payment": ids.decode(sale.payment_id, "pmt"), "event": sale.event_id, "at": moment}
            named["commission"] = ids.decode(sale.commission_id, "com")
            for statement in MOVE:
                session.execute(text(statement), named)
            sold.append(sale)
    return sold


@pytest.mark.parametrize(
    ("path", "rows", "name"),
    [
        ("/api/v1/commissions", "commissions", "commission_id"),
        ("/api/v1/conversions", "data", "conversion_id"),
        ("/api/v1/payments", "data", "payment_id"),
        ("/api/v1/events", "data", "event_id"),
    ],
)
def test_since_is_included_and_until_is_not(owner: Caller, sales: list[Sale], path: str, rows: str, name: str) -> None:
    def listed(**query: str) -> list[str]:
        return [row["id"] for row in owner.get(path, **query).json[rows]]

    first, second, third = (getattr(sale, name) for sale in sales)
    at = SECOND.isoformat()
    assert listed(since=at) == [third, second]
    assert listed(until=at) == [first]
    assert listed(since=at, until=THIRD.isoformat()) == [second]
    assert listed(since="2027-01-01T00:00:00Z") == []
    refused = owner.get(path, since="2026-10-01")
    assert (refused.status_code, refused.json["error"]["param"]) == (400, "since")


def test_conversions_of_one_status_are_cut_down_too(owner: Caller, sales: list[Sale]) -> None:
    found = owner.get("/api/v1/conversions", status="pending", since=SECOND.isoformat(), until=THIRD.isoformat())
    assert [row["id"] for row in found.json["data"]] == [sales[1].conversion_id]


def test_partners_are_listed_by_when_they_were_added(owner: Caller, merchant: Merchant) -> None:
    with db.transaction() as session:
        session.execute(
            text("UPDATE partners SET created_at = :at WHERE id = :id"), {"at": FIRST, "id": merchant.partners["ada"]}
        )
    early = owner.get("/api/v1/partners", until=SECOND.isoformat()).json
    assert ([row["slug"] for row in early["data"]], early["total"], early["has_more"]) == (["ada"], 1, False)
    late = owner.get("/api/v1/partners", since=SECOND.isoformat()).json
    assert "ada" not in [row["slug"] for row in late["data"]]
