"""What came of a partner's links, day by day: its own visits, sign-ups, customers and commissions, and no others'."""

import re
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from sqlalchemy import select, text

from app import db, ids
from app.organizations import keys
from app.partners.models import Partner
from tests.cast import Merchant
from tests.signups.saying import Registry
from worker.schedule import advance_sums

from .conftest import Caller
from .sales import sell
from .test_partner_side import Affiliate, affiliate

__all__ = ["affiliate"]

ME = "/v1/admin/affiliate-me"
SINCE = {"from": "2026-10-31"}


def visit(application: Flask, link: str) -> str:
    """Follow a link as a new visitor; gives its session."""
    [session_id] = re.findall(r"aff_sess=(\w+)", application.test_client().get(link).location)
    return str(session_id)


def live_key_of(application: Flask, code: str) -> Caller:
    with db.transaction() as session:
        own = select(Partner.partner_organization_id).where(Partner.slug == code)
        _, key = keys.create_key(session, session.scalars(own).one(), name="live", level="manage", livemode=True)
    return Caller(application, key)


def test_activity_has_visits_sign_ups_customers_and_commissions_of_the_partner_alone(
    application: Flask, affiliate: Affiliate, merchant: Merchant, owner: Caller
) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET landing_url = 'https://shop.example/', time_zone = 'Asia/Tokyo'"))
        for number, (code, currency, customer) in enumerate(
            [("ada", "usd", "cus_1"), ("ada", "jpy", "cus_1"), ("ada", "usd", "cus_2"), ("ben", "usd", "cus_3")]
        ):
            at = datetime(2026, 11, 1, 15, number, tzinfo=UTC)  # the second of November in Tokyo
            sell(session, merchant, code, number, currency=currency, customer=customer, sold_at=at)
    own = visit(application, "/r/ada?utm_content=letter-12")
    visit(application, "/r/ada")
    visit(application, "/r/ada?utm_content=letter-12")
    bens = visit(application, "/r/ben?utm_content=letter-12")
    registry = Registry(merchant)
    registry.says(customer_id="u-1", session_id=own)
    registry.says(customer_id="u-2", partner="ada")
    registry.says(customer_id="u-3", partner="ada", session_id=bens)
    registry.says(customer_id="u-4", partner="ben")
    ada, program_id = affiliate("ada"), ids.encode("prog", merchant.program_id)
    path = f"{ME}/programs/{program_id}/activity"
    answers: list[Any] = []
    for _ in range(2):
        answers.append(ada.get(path, **SINCE).json)
        advance_sums()
    assert answers[0] == answers[1]
    shown = answers[0]
    assert shown["totals"] == {
        "visits": 3,
        "sign_ups": 2,
        "customers": 2,
        "commissions": 3,
        "earned": [
            {"currency": "usd", "commissions": 2, "earned_cents": 1960},
            {"currency": "jpy", "commissions": 1, "earned_cents": 980},
        ],
    }
    assert (shown["from"], shown["time_zone"], len(shown["series"])) == ("2026-10-31", "Asia/Tokyo", 30)
    days = {day["date"]: day for day in shown["series"]}
    sold = days["2026-11-02"]
    assert (sold["customers"], sold["earned"], sold["visits"]) == (2, shown["totals"]["earned"], 0)
    assert (days[shown["to"]]["visits"], days[shown["to"]]["sign_ups"]) == (3, 2)
    assert [tuple(one.values()) for one in shown["sources"]] == [("ada", "letter-12", 2), ("ada", None, 1)]
    live = live_key_of(application, "ada").get(path, **SINCE).json["totals"]
    assert (live["visits"], live["sign_ups"], live["customers"]) == (3, 0, 0)
    assert ada.get(path, **{"from": "2026-12-31"}).json["error"]["param"] == "from"


def test_a_customer_that_a_person_credited_to_another_partner_is_not_counted(
    affiliate: Affiliate, merchant: Merchant, owner: Caller
) -> None:
    with db.transaction() as session:
        sold = sell(session, merchant, "ada", 1, customer="cus_1")
    path = f"{ME}/programs/{ids.encode('prog', merchant.program_id)}/activity"
    assert affiliate("ada").get(path, **SINCE).json["totals"]["customers"] == 1
    body = {
        "partner_id": ids.encode("par", merchant.partners["ben"]),
        "reason": "Ben called first.",
        "all_unpaid": True,
    }
    assert owner.post("/api/v1/customers/cus_1/attribution", body).status_code == 200, sold
    assert affiliate("ada").get(path, **SINCE).json["totals"]["customers"] == 0
    assert affiliate("ben").get(path, **SINCE).json["totals"]["customers"] == 1
