"""The calls for sign-ups: what a server reports, what a page claims, and what their keys may do."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from app import db, ids
from tests import books
from tests.api.conftest import Caller, caller_of, owner
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.journeys.visits import SESSION, Visitor
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from worker import schedule

from .saying import Registry, address_of, bought, signed_up_at

__all__ = ["caller_of", "owner"]

PAGE = "https://shop.example.com"
Claim = Callable[..., int]


@pytest.fixture
def browser_key(owner: Caller) -> str:
    answer = owner.post("/api/v1/browser-keys", {"name": "shop", "allowed_origins": [PAGE]})
    assert answer.status_code == 201, answer.text
    return str(answer.json["browser_key"])


@pytest.fixture
def claim(owner: Caller, browser_key: str) -> Claim:
    """Claim a sign-up from the shop's page; gives the status."""

    def claim(customer_id: str, session_id: str, email: str, origin: str = PAGE) -> int:
        stranger = Caller(owner.application, browser_key)
        body = {"customer_id": customer_id, "session_id": session_id, "email": email}
        return stranger.call("POST", "/v1/public/signups", {"Origin": origin}, json=body).status_code

    return claim


def settle() -> None:
    """Let the clock settle what is due, as if its time had come."""
    with db.transaction() as session:
        session.execute(text("UPDATE signups SET check_at = now() WHERE check_at IS NOT NULL"))
    schedule.settle_signups()


def test_a_reported_user_is_shown_and_repeating_the_report_fills_and_changes_nothing(
    owner: Caller, merchant: Merchant
) -> None:
    ada = ids.encode("aff", merchant.partners["ada"])
    first = owner.post("/api/v1/signups", {"customer_id": "user_1"})
    assert (first.status_code, first.json["outcome"], first.json["partner_id"]) == (201, "unattributed", None)
    filled = owner.post("/api/v1/signups", {"customer_id": "user_1", "affiliate_id": "ADA", "email": "c@d.example"})
    assert (filled.status_code, filled.json["outcome"]) == (200, "bound")
    assert filled.json["partner_id"] == ada.replace("aff_", "par_")
    again = owner.post("/api/v1/signups", {"customer_id": "user_1", "affiliate_id": "ben"})
    assert (again.status_code, again.json) == (200, filled.json)
    assert owner.get(f"/api/v1/signups/{first.json['id']}").json == filled.json
    assert owner.get("/api/v1/signups", customer_id="user_1").json["data"] == [filled.json]
    unknown = owner.post("/api/v1/signups", {"customer_id": "user_2", "affiliate_id": "nobody"})
    assert (unknown.status_code, unknown.json["error"]["code"]) == (404, "affiliate_not_found")


def test_session_decides_as_of_the_sign_up_and_the_payment_may_come_a_year_later(
    owner: Caller, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = Customer(CLOVER, Marks(session="ben"))
    sale = bought(cleo, "customer", user="user_3")
    for event in sale.events:
        if event["type"] == "checkout.session.completed":
            event["data"]["object"]["metadata"] = {"affiliate_session_id": SESSION}
    visitor = Visitor(merchant)
    visitor.follows("ada", sale.paid_at, days=389)
    visitor.follows("dan", sale.paid_at, days=360)
    at = signed_up_at(sale, days=365).isoformat()
    answer = owner.post("/api/v1/signups", {"customer_id": "user_3", "session_id": SESSION, "occurred_at": at})
    assert answer.json["outcome"] == "bound"
    deliver(sale.events)
    drain()
    assert ledger().balances == owed(ada=980)
    late = owner.post("/api/v1/signups", {"customer_id": "user_4", "session_id": SESSION})
    assert late.json["outcome"] == "outside_window"


@pytest.mark.proof
def test_strangers_with_the_public_key_win_no_customer_by_claiming_ids(
    request: pytest.FixtureRequest, owner: Caller, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Two strangers claim every id (1 to 1,000 as a proof). The server states some users before, some after."""
    most = 1000 if request.config.getoption("--proofs") else 60
    registry, now = Registry(merchant), int(datetime.now(UTC).timestamp())
    before, after, never = (1, 2, 3), (11, 12, 13), (21, 22, 23)
    known = {number: address_of(str(number)) for number in (2, 12)}  # a stranger even knows these addresses
    for number in before:
        owner.post("/api/v1/signups", {"customer_id": str(number), "affiliate_id": "ada"})
    for partner, session_id in {"ben": "b" * 16, "dan": "d" * 16}.items():
        Visitor(merchant, session_id).follows(partner, now, days=1)
        for number in range(1, most + 1):
            registry.claims(session_id, known.get(number, f"{partner}@strangers.example"), customer_id=str(number))
    cleos = {number: Customer(CLOVER) for number in (*before, *after, *never)}
    for number, cleo in cleos.items():
        cleo.now = now
        way = ("customer", "client_reference_id", "session")[number % 3]
        deliver(bought(cleo, way, user=str(number), email=address_of(str(number))).events)
    drain()
    settle()
    for number in after:
        owner.post("/api/v1/signups", {"customer_id": str(number), "affiliate_id": "ada"})
    settle()
    with db.transaction() as session:
        owing = {number: books.read(session, cleo.token).balances for number, cleo in cleos.items()}
    assert owing == {number: {} if number in never else owed(ada=980) for number in cleos}
    assert ledger().balances == owed(ada=980 * 6)


@pytest.mark.parametrize("is_first", [True, False], ids=["claim first", "server first"])
def test_a_claim_with_the_payers_address_counts_until_the_server_states_the_user(
    owner: Caller, claim: Claim, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, is_first: bool
) -> None:
    cleo = Customer(CLOVER)
    cleo.now = int(datetime.now(UTC).timestamp())
    Visitor(merchant).follows("ben", cleo.now, days=1)
    if not is_first:
        owner.post("/api/v1/signups", {"customer_id": "user_5", "affiliate_id": "ada"})
    claim("user_5", SESSION, address_of("user_5"))
    deliver(bought(cleo, "client_reference_id", user="user_5", email=address_of("user_5")).events)
    drain()
    assert ledger().balances == (owed(ben=980) if is_first else owed(ada=980))
    owner.post("/api/v1/signups", {"customer_id": "user_5", "affiliate_id": "ada"})
    assert ledger().balances == owed(ada=980)


def test_a_claim_is_believed_when_the_payer_shows_its_address_later(
    claim: Claim, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = Customer(CLOVER)
    cleo.now = int(datetime.now(UTC).timestamp())
    Visitor(merchant).follows("ben", cleo.now, days=1)
    claim("user_6", SESSION, "other@buyers.example")
    sale = bought(cleo, "client_reference_id", user="user_6")
    deliver(sale.events)
    drain()
    assert ledger().balances == {}
    changed = cleo.is_marked_again("")
    changed["data"]["object"]["email"] = "other@buyers.example"
    deliver([changed])
    drain()
    assert ledger().balances == owed(ben=980)


def test_pages_need_a_key_and_one_of_its_origins(owner: Caller, claim: Claim, browser_key: str) -> None:
    assert claim("user_7", SESSION, "c@d.example", origin="https://evil.example") == 403
    stranger = Caller(owner.application, None)
    body: dict[str, Any] = {"customer_id": "user_7", "session_id": SESSION, "email": "c@d.example"}
    assert stranger.call("POST", "/v1/public/signups", {"Origin": PAGE}, json=body).status_code == 401
    answer = stranger.call("POST", "/v1/public/signups", {"Origin": PAGE}, json={**body, "key": browser_key})
    assert (answer.status_code, answer.json) == (202, {"outcome": "recorded"})
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    asked = stranger.call("OPTIONS", "/v1/public/signups", {"Origin": PAGE})
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    key_id = owner.get("/api/v1/browser-keys").json["data"][0]["id"]
    assert owner.call("DELETE", f"/api/v1/browser-keys/{key_id}").json["revoked_at"] is not None
    assert claim("user_7", SESSION, "c@d.example") == 401


def test_a_page_with_a_key_reports_visits_of_its_owners_links_only(
    owner: Caller, browser_key: str, merchant: Merchant
) -> None:
    visitor = Caller(owner.application, None)
    body = {"code": "ada", "session": SESSION, "key": browser_key}
    assert visitor.call("POST", "/v1/touchpoints", {"Origin": "https://evil.example"}, json=body).status_code == 403
    answer = visitor.call("POST", "/v1/touchpoints", {"Origin": PAGE}, json=body)
    assert (answer.status_code, answer.json) == (202, {"session": SESSION})
    with db.transaction() as session:
        assert session.scalars(text("SELECT code FROM touchpoints")).all() == ["ada"]
