"""Every list goes on from an id, whatever was added meanwhile, and ends in an empty page."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from flask import Flask
from sqlalchemy import text

from app import db, ids
from app.config import Settings
from app.http.openapi.document import complete
from app.organizations.actors import AppUser
from app.people import memberships
from app.referrals import claims, codes
from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.ledger_clock import LedgerClock, ledger_clock
from tests.servers import Servers
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from worker.ledger import months
from worker.payouts import reserving
from worker.transfer import exports, imports

from .conftest import Answer, Caller

NAMES: Final = ("data", "commissions")
WHOLE: Final = {
    "/v1/admin/affiliate-me/stats",
    "/v1/admin/affiliate-me/balance",
    "/api/v1/partners/{partner_id}/balance",
    "/client/balances",
    "/v1/admin/affiliate/programs/{program_id}/balances",
    "/v1/admin/affiliate-me/payout-methods",
}
"""These give one row for each currency, partner or method, not a page."""
IN_ORDER: Final = {"/api/v1/imports/{import_id}/refusals", "/api/v1/reconciliations/{run_id}"}
"""The rows that one job found, in the order of its work: numbered, and no more are added."""
BARE: Final = {
    f"/v1/admin/affiliate-me/{what}"
    for what in ("programs", "commissions", "payouts", "statements", "promotion-codes", "opening-balances")
}
"""Lists that are empty for the shop, because it is no partner."""


def lists(application: Any) -> Iterator[tuple[str, str]]:
    """Each route that answers a list, and the name of the list in its answer."""
    document = complete(application)
    for path, item in document["paths"].items():
        answers = item.get("get", {}).get("responses", {})
        shown = answers.get("200", {}).get("content", {})
        if path not in WHOLE | IN_ORDER and not path.endswith("/explanation") and "application/json" in shown:
            schema = shown["application/json"]["schema"]
            fields = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]].get("properties", {})
            yield from ((path, name) for name in NAMES if fields.get(name, {}).get("type") == "array")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As everywhere, with payouts switched on."""
    return settings.model_copy(update={"payouts_live": True})


@pytest.fixture
def clock(servers: Servers, database_url: str) -> Iterator[LedgerClock]:
    with ledger_clock(servers, database_url) as clock:
        yield clock


@pytest.fixture
def add(owner: Caller, merchant: Merchant, deliver: Deliver, drain: Drain, clock: LedgerClock) -> Callable[[int], None]:
    """Add one more row to every list."""
    ada = f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}"
    program = f"/v1/admin/affiliate/programs/{ids.encode('prog', merchant.program_id)}"

    def pay(ada: str) -> None:
        """A payout, and an outbound webhook about it."""
        method = {"payout_method": "paypal", "payout_email": "ada@wallet.example"}
        assert owner.patch(ada, method).status_code == 200
        assert owner.post("/api/v1/commissions/approve", {"partnerId": ada.rpartition("/")[2]}).status_code == 200
        assert owner.post(f"{program}/payouts", {}).status_code == 201
        reserving.work_slice(60)

    def add(number: int) -> None:
        deliver(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
        deliver(Customer(CLOVER, Marks(payment="ada")).buys(through_session=False).events)
        drain()
        stripe_key = {"api_key": "rk_test_0123456789"}
        made = [
            ("/api/v1/partners", {"email": f"p{number}@example.com", "slug": f"p{number}"}),
            ("/v1/admin/affiliate/programs", {"name": "More", "commission": {"type": "percentage", "bps": 1}}),
            (f"{ada}/promotion-codes", {"code": f"SAVE{number}", "existing": True}),
            ("/api/v1/stripe-endpoints", {"livemode": False, **stripe_key}),
            ("/api/v1/backfills", {"since": "2026-11-01T00:00:00Z", "dry_run": True}),  # no payouts beside another
            ("/api/v1/reconciliations", {}),
            ("/api/v1/events/replay", {"outcome": "unattributed"}),
            ("/api/v1/organizations", {"name": f"Daughter {number}"}),
            ("/api/v1/api-keys", {"name": f"key {number}", "level": "read"}),
            ("/api/v1/webhook-endpoints", {"url": f"https://hooks.example.com/{number}", "events": ["*"]}),
            (f"{ada}/promotion-codes", {"coupon": "SPRING"}),
            ("/api/v1/client-keys", {"name": "app"}),
            ("/v1/admin/referrals/currencies", {"code": f"credits_{number}"}),
            ("/v1/admin/referrals/codes", {"reward_referrer": {f"credits_{number}": 5}}),
            ("/api/v1/signups", {"customer_id": f"user_{number}", "affiliate_id": "ada"}),
            ("/api/v1/browser-keys", {"name": "shop", "allowed_origins": ["https://shop.example.com"]}),
            (f"{ada}/opening-balances", {**FROM_ELSEWHERE, "source_id": f"ada:{number}"}),
            ("/api/v1/exports", {}),
        ]
        for path, body in made:
            answer = owner.post(path, body)
            assert answer.status_code in {201, 202}, answer.text
        exports.work_slice(60)  # the next export is refused beside one that is being made
        affiliates = f"affiliate_email,affiliate_code\nq{number}@example.com,q{number}\n"
        form = {"tool": "csv", "file": (io.BytesIO(affiliates.encode()), "affiliates.csv")}
        sent = owner.call("POST", "/api/v1/imports", data=form, content_type="multipart/form-data")
        assert sent.status_code == 201, sent.text
        imports.work_slice(60)
        refer(merchant, number)
        with db.transaction() as session:
            memberships.add(session, "cli", merchant.organization_id, email=f"m{number}@example.com", role="viewer")
        pay(ada)
        clock.set(datetime(2027, 3 * number, 1, tzinfo=UTC))
        months.close_due()
        with db.transaction() as session:
            session.execute(WAITING, {"organization_id": merchant.organization_id, "id": f"evt_waiting{number}"})

    return add


FROM_ELSEWHERE: Final = {
    "currency": "usd",
    "amount_cents": 500,
    "source": "rewardful",
    "occurred_at": "2026-01-01T00:00:00Z",
}


def refer(merchant: Merchant, number: int) -> None:
    """An app user claims another one's code."""
    key_id, owner_id = ids.new(), merchant.organization_id
    referrer, referee = (
        AppUser(key_id, owner_id, livemode=False, app_user_id=f"{who}_{number}", claims_once=False)
        for who in ("referrer", "referee")
    )
    with db.transaction() as session:
        code, _ = codes.load_or_make(session, referrer)
        claims.claim(session, referee, code.code or "")


WAITING: Final = text("""
    UPDATE stripe_events SET outcome = 'waiting', outcome_details = jsonb_build_object('waiting_for', stripe_id)
    WHERE id = (SELECT max(id) FROM stripe_events WHERE organization_id = :organization_id AND :id <> '')
""")


def test_every_list_continues_from_an_id_while_rows_are_added(
    application: Flask, owner: Caller, merchant: Merchant, add: Callable[[int], None]
) -> None:
    add(1)
    add(2)
    every = list(lists(application))
    before = {path: _walk(owner, merchant, path, name) for path, name in every}
    assert {path for path, rows in before.items() if len(rows) < 2} == BARE

    firsts = {path: _read(owner, merchant, path, name, limit=1) for path, name in every if path not in BARE}
    add(3)
    for path, name in every:
        if path in BARE:
            continue
        rest = _walk(owner, merchant, path, name, after=firsts[path][0])
        assert rest == before[path][1:], path
        newer = _walk(owner, merchant, path, name)
        assert len(newer) > len(before[path]), path


def test_every_list_ends_in_an_empty_page_and_refuses_ids_that_are_none(
    application: Flask, owner: Caller, merchant: Merchant, add: Callable[[int], None]
) -> None:
    add(1)
    for path, name in lists(application):
        rows = _walk(owner, merchant, path, name)
        if rows:
            assert _read(owner, merchant, path, name, starting_after=rows[-1]) == [], path
        refusal = _call(owner, merchant, path, starting_after="nothing")
        assert (refusal.status_code, refusal.json["error"]["param"]) == (400, "starting_after"), path
        assert "starting_after 'nothing' is not" in refusal.json["error"]["message"], path


def test_every_paged_response_has_has_more(application: Flask) -> None:
    document = complete(application)  # type: ignore[arg-type]
    paged = set()
    for path, item in document["paths"].items():
        parameters = {parameter["name"] for parameter in item.get("get", {}).get("parameters", [])}
        if "starting_after" in parameters:
            schema = item["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            answer = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            [name] = {"has_more", "hasMore"} & set(answer["required"])
            assert answer["properties"][name]["type"] == "boolean", path
            paged.add(path)
    assert paged == {path for path, _ in lists(application)} | IN_ORDER


def test_page_numbers_and_starting_after_exclude_each_other(
    application: Flask, owner: Caller, merchant: Merchant
) -> None:
    document = complete(application)  # type: ignore[arg-type]
    for path, _ in lists(application):
        parameters = {parameter["name"] for parameter in document["paths"][path]["get"]["parameters"]}
        assert "starting_after" in parameters, path
        if "page" in parameters:
            refusal = _call(owner, merchant, path, page=2, starting_after="par_1")
            assert (refusal.status_code, refusal.json["error"]["param"]) == (400, "starting_after"), path
            past = _call(owner, merchant, path, page=1000)
            assert (past.status_code, past.json["data"]) == (200, []), path


def _walk(owner: Caller, merchant: Merchant, path: str, name: str, after: str | None = None) -> list[str]:
    """The ids of the whole list, read two rows at a time."""
    found: list[str] = []
    while True:
        query = {"starting_after": found[-1] if found else after}
        page = _read(owner, merchant, path, name, limit=2, **{key: value for key, value in query.items() if value})
        if not page:
            return found
        found += page


def _read(owner: Caller, merchant: Merchant, path: str, name: str, limit: int = 2, **query: Any) -> list[str]:
    size = "per_page" if path == "/api/v1/partners" else "limit"
    answer = _call(owner, merchant, path, **{size: limit}, **query)
    assert answer.status_code == 200, (path, answer.text)
    rows = [row["id"] for row in answer.json[name]]
    assert len(rows) <= limit, path
    has_more = answer.json["hasMore" if "hasMore" in answer.json else "has_more"]
    following = _call(owner, merchant, path, **{size: limit}, **{**query, "starting_after": rows[-1]}) if rows else None
    assert has_more == bool(following and following.json[name]), path
    return rows


def _call(owner: Caller, merchant: Merchant, path: str, **query: Any) -> Answer:
    ada = ids.encode("par", merchant.partners["ada"])
    program = ids.encode("prog", merchant.program_id)
    return owner.get(path.replace("{partner_id}", ada).replace("{program_id}", program), **query)
