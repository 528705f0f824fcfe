"""One shop, one partner, an endpoint of each mode: two ledgers, two keys, and nothing of one in a sum of the other."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app import db, ids
from app.cli.stripe.fresh_ids import with_mode
from app.config import Settings
from app.explanations import explain
from app.organizations import keys
from app.partners.figures import owed
from app.programs.models import Program
from app.stripe_events.endpoints.rows import insert_endpoint
from tests.api.conftest import Caller
from tests.cast import PERCENTAGE, Merchant
from tests.conftest import WEBHOOK_SECRET, Deliver, Drain, Ledger, deliver_to
from tests.maturing import clock
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks, Purchase
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.signing import signature_header
from worker.schedule import advance_sums

from .test_approval import day
from .test_promotion_codes import now, sell

TIERED = {"type": "tiered", "bps": 1000, "tiers": [{"min_conversions": 2, "bps": 3000}]}
MODES = pytest.mark.parametrize("livemode", [False, True], ids=["test", "live"])

KeyOf = Callable[[bool], Caller]


@pytest.fixture
def commission(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    return getattr(request, "param", PERCENTAGE)


@pytest.fixture
def deliver_live(application: Flask, merchant: Merchant, settings: Settings) -> Deliver:
    """Store events that come through the shop's endpoint for live mode."""
    with db.transaction() as session:
        owner = merchant.organization_id
        made = insert_endpoint(session, owner, livemode=True, secrets=["whsec_live"], settings=settings)
    return deliver_to(application, ids.encode(ids.STRIPE_ENDPOINT, made.id))


@pytest.fixture
def key_of(application: Flask, merchant: Merchant) -> KeyOf:
    """A manage key of the shop, live or test."""

    def make(livemode: bool) -> Caller:
        with db.transaction() as session:
            owner = merchant.organization_id
            _, plaintext = keys.create_key(session, owner, name="key", level="manage", livemode=livemode)
        return Caller(application, plaintext)

    return make


@pytest.fixture
def sold(deliver: Deliver, deliver_live: Deliver, drain: Drain) -> dict[bool, list[Purchase]]:
    """A test sale of 49.00; live sales of 30.00 and 20.00, 10.00 of which go back. Every id is in both modes."""
    test = Customer(CLOVER, Marks(subscription="ada"))
    live = Customer(CLOVER, Marks(subscription="ada"), livemode=True, token=test.token)
    in_test = [test.subscribes(Bill(net_minor=4900))]
    first = live.subscribes(Bill(net_minor=3000))
    in_live = [first, live.renews(first, Bill(net_minor=2000))]
    assert in_test[0].invoice == in_live[0].invoice
    deliver(in_test[0].events)
    deliver_live([*in_live[0].events, *in_live[1].events, *live.is_refunded(in_live[1], 1000).events])
    drain()
    return {False: in_test, True: in_live}


def balances_of_accounts() -> dict[tuple[bool, str], int]:
    """Credits of every account as they sum up, by mode and kind."""
    query = text("""
        SELECT account.livemode, account.kind, -sum(posting.amount_minor)::bigint
        FROM accounts AS account JOIN postings AS posting ON posting.account_id = account.id
        GROUP BY account.id HAVING sum(posting.amount_minor) <> 0
    """)
    with db.transaction() as session:
        return {(livemode, kind): int(minor) for livemode, kind, minor in session.execute(query)}


def owed_to_ada(merchant: Merchant, livemode: bool) -> list[tuple[str, int]]:
    with db.transaction() as session:
        found = owed.balances(session, [merchant.organization_id], livemode=livemode)
        return [(one.code, one.owed_minor) for one in found]


def test_each_mode_has_accounts_of_its_own(sold: dict[bool, list[Purchase]], ledger: Ledger) -> None:
    """20 % of 49.00 in test mode; in live mode 20 % of 30.00 and of the 10.00 that are left of 20.00."""
    ledger()
    assert balances_of_accounts() == {
        (False, "commission_expense"): -980,
        (False, "partner_accrued"): 980,
        (True, "commission_expense"): -800,
        (True, "partner_accrued"): 800,
    }


@MODES
@pytest.mark.usefixtures("sold")
def test_a_key_sees_the_figures_of_its_own_mode(merchant: Merchant, key_of: KeyOf, livemode: bool) -> None:
    """Before and after the clock has summed up: 9.80 of one sale in test mode, 8.00 of two in live mode."""
    caller = key_of(livemode)
    partner, program = ids.encode("par", merchant.partners["ada"]), ids.encode("prog", merchant.program_id)
    earned, sales = (800, 2) if livemode else (980, 1)
    for _ in range(2):
        stats = caller.get(f"/api/v1/partners/{partner}").json["stats"]
        assert (stats["total_earned_cents"], stats["total_commissions"]) == (earned, sales)
        path = f"/v1/admin/affiliate/programs/{program}"
        [totals] = caller.get(f"{path}/analytics", **{"from": "2026-02-01", "to": "2026-06-01"}).json["totals"]
        assert (totals["total_earned_cents"], totals["total_conversions"]) == (earned, sales)
        ada = next(row for row in caller.get(f"{path}/affiliates").json["data"] if row["slug"] == "ada")
        assert ada["totals"]["total_earned_cents"] == earned
        assert owed_to_ada(merchant, livemode) == [("ada", earned)]
        advance_sums()


@MODES
def test_a_key_lists_what_is_of_its_own_mode(sold: dict[bool, list[Purchase]], key_of: KeyOf, livemode: bool) -> None:
    caller = key_of(livemode)
    sales = len(sold[livemode])
    assert len(caller.get("/api/v1/commissions").json["commissions"]) == sales
    assert len(caller.get("/api/v1/conversions").json["data"]) == sales
    assert len(caller.get("/api/v1/payments").json["data"]) == sales
    assert {row["livemode"] for row in caller.get("/api/v1/events", limit=100).json["data"]} == {livemode}
    [story] = caller.get("/api/v1/explanations", id=sold[False][0].invoice).json["objects"]
    assert story["livemode"] is livemode


def test_an_explanation_of_a_partner_keeps_the_modes_apart(
    sold: dict[bool, list[Purchase]], merchant: Merchant
) -> None:
    with db.transaction() as session:
        explanation = explain.explain(session, ids.encode("par", merchant.partners["ada"]))
        of_invoice = explain.explain(session, str(sold[False][0].invoice))
    earned = [(one["livemode"], one["accrued_minor"]) for one in explanation["partner"]["earned"]]
    assert earned == [(True, 800), (False, 980)]
    assert any("1 commission in USD in test mode" in line for line in explanation["sentences"])
    assert sorted(stored["livemode"] for stored in of_invoice["objects"]) == [False, True]


def test_all_that_matches_is_approved_in_the_keys_mode_only(
    sold: dict[bool, list[Purchase]], key_of: KeyOf, ledger: Ledger
) -> None:
    approved = key_of(False).post("/api/v1/commissions/approve", {"until": "2027-01-01T00:00:00Z"})
    assert len(approved.json["conversionIds"]) == 1
    ledger()
    assert balances_of_accounts() == {
        (False, "commission_expense"): -980,
        (False, "partner_payable"): 980,
        (True, "commission_expense"): -800,
        (True, "partner_accrued"): 800,
    }
    assert sold


@pytest.mark.parametrize("commission", [TIERED], indirect=True)
def test_tiers_count_conversions_of_their_own_mode(
    deliver: Deliver, deliver_live: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Two approved test sales raise the rate of the third test sale to 30 %; a live sale after them earns 10 %."""
    test = Customer(CLOVER, Marks(payment="ada"))
    trials = []
    for _ in range(3):
        trials.append(test.buys(Bill(net_minor=10_000), through_session=False))
        test.waits(31 * 86_400)
    live = Customer(CLOVER, Marks(payment="ada"), livemode=True)
    live.now = test.now
    for sale in trials[:2]:
        deliver(sale.events)
    drain()
    clock(day(trials[1], 31))
    deliver(trials[2].events)
    deliver_live(live.buys(Bill(net_minor=10_000), through_session=False).events)
    drain()
    ledger()
    assert balances_of_accounts() == {
        (False, "commission_expense"): -5000,
        (False, "partner_payable"): 2000,
        (False, "partner_accrued"): 3000,
        (True, "commission_expense"): -1000,
        (True, "partner_accrued"): 1000,
    }


def test_an_external_id_is_taken_once_in_each_mode(merchant: Merchant, key_of: KeyOf, ledger: Ledger) -> None:
    report = {
        "affiliate_id": ids.encode("aff", merchant.partners["ada"]),
        "amount_cents": 5000,
        "external_id": "order-1",
    }
    for caller in (key_of(False), key_of(True)):
        assert caller.post("/api/v1/conversions", report).status_code == 201
        assert caller.post("/api/v1/conversions", report).json["error"]["code"] == "duplicate_external_id"
        assert len(caller.get("/api/v1/conversions").json["data"]) == 1
    ledger()
    assert balances_of_accounts() == {
        (mode, kind): minor
        for mode in (False, True)
        for kind, minor in (("commission_expense", -1000), ("partner_accrued", 1000))
    }


def test_one_idempotency_key_is_two_with_two_keys_of_different_modes(merchant: Merchant, key_of: KeyOf) -> None:
    report = {"affiliate_id": ids.encode("aff", merchant.partners["ada"]), "amount_cents": 5000}
    made = set()
    for caller in (key_of(False), key_of(True)):
        for _ in range(2):
            answer = caller.call("POST", "/api/v1/conversions", {"Idempotency-Key": "once"}, json=report)
            made.add(answer.json["id"])
    assert len(made) == 2


def test_events_of_the_keys_mode_only_are_replayed(sold: dict[bool, list[Purchase]], key_of: KeyOf) -> None:
    asked = key_of(True).post("/api/v1/events/replay", {"type": "invoice.paid"}).json
    assert asked["livemode"] is True
    assert key_of(False).get(f"/api/v1/replays/{asked['id']}").status_code == 404
    assert sold


def test_a_live_key_makes_keys_of_both_modes_and_a_test_key_test_keys_only(key_of: KeyOf) -> None:
    live, test = key_of(True), key_of(False)
    made = [
        live.post("/api/v1/api-keys", {"name": "one", "level": "read"}),
        live.post("/api/v1/api-keys", {"name": "two", "level": "read", "livemode": False}),
        test.post("/api/v1/api-keys", {"name": "three", "level": "read"}),
    ]
    assert [answer.json["api_key"][:9] for answer in made] == ["aff_live_", "aff_test_", "aff_test_"]
    assert [answer.json["livemode"] for answer in made] == [True, False, False]
    refused = test.post("/api/v1/api-keys", {"name": "four", "level": "read", "livemode": True})
    assert (refused.status_code, refused.json["error"]["param"]) == (403, "livemode")


@MODES
def test_an_endpoint_is_of_the_keys_mode(key_of: KeyOf, livemode: bool) -> None:
    caller = key_of(livemode)
    assert caller.post("/api/v1/stripe-endpoints", {}).json["livemode"] is livemode
    refused = caller.post("/api/v1/stripe-endpoints", {"livemode": not livemode})
    assert (refused.status_code, refused.json["error"]["param"]) == (400, "livemode")
    assert {row["livemode"] for row in caller.get("/api/v1/stripe-endpoints").json["data"]} == {livemode}


def test_a_partners_first_key_is_live_once_the_owner_has_a_live_endpoint(
    application: Flask, merchant: Merchant, settings: Settings
) -> None:
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).open_signup = True
    prefixes = []
    for name in ("zoe", "yan"):
        body = {"program_id": ids.encode("prog", merchant.program_id), "name": name, "email": f"{name}@example.com"}
        answer = application.test_client().post("/v1/public/affiliate/signup", json=body)
        prefixes.append(answer.get_json()["api_key"][:9])
        with db.transaction() as session:
            owner = merchant.organization_id
            insert_endpoint(session, owner, livemode=True, secrets=["whsec_live"], settings=settings)
    assert prefixes == ["aff_test_", "aff_live_"]


def test_a_promotion_given_in_test_mode_credits_no_live_purchase(
    deliver: Deliver, deliver_live: Deliver, drain: Drain, ledger: Ledger, merchant: Merchant, key_of: KeyOf
) -> None:
    """A coupon is used in both modes and given to Ada in test mode: 20 % of 49.00 there, nothing in live mode."""
    sale = sell(now(Customer(CLOVER)))
    deliver(sale.events)
    deliver_live(with_mode(sale.events, livemode=True))
    drain()
    path = f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}/promotion-codes"
    assert key_of(False).post(path, {"coupon": sale.code.coupon.id}).status_code == 201
    assert key_of(True).get(path).json["data"] == []
    ledger()
    assert balances_of_accounts() == {(False, "commission_expense"): -980, (False, "partner_accrued"): 980}


@pytest.mark.parametrize("position", [0, 1, 2], ids=["forged first", "forged between", "forged last"])
def test_a_document_sent_with_the_test_secret_under_a_live_id_moves_no_money(
    application: Flask,
    merchant: Merchant,
    settings: Settings,
    webhook_path: str,
    drain: Drain,
    ledger: Ledger,
    key_of: KeyOf,
    position: int,
) -> None:
    """The invoice of 30.00 becomes one of 9,000.00, twice before, between or after two deliveries of the true one."""
    with db.transaction() as session:
        owner = merchant.organization_id
        made = insert_endpoint(session, owner, livemode=True, secrets=["whsec_live"], settings=settings)
    live = (f"/webhooks/stripe/{ids.encode(ids.STRIPE_ENDPOINT, made.id)}", "whsec_live")
    test = (webhook_path, WEBHOOK_SECRET)
    purchase = Customer(CLOVER, Marks(subscription="ada"), livemode=True).subscribes(Bill(net_minor=3000))
    dear = Customer(CLOVER, Marks(subscription="ada"), livemode=True).subscribes(Bill(net_minor=900_000))
    forged = [fake | {"id": event["id"]} for fake, event in zip(dear.events, purchase.events, strict=True)]
    rounds = [(live, purchase.events)] * 2
    rounds[position:position] = [(test, forged)] * 2
    for (path, secret), events in rounds:
        for event in events:
            body = json.dumps(event).encode()
            headers = {"Stripe-Signature": signature_header(body, secret)}
            assert application.test_client().post(path, data=body, headers=headers).status_code == 200
        drain()
    ledger()
    assert balances_of_accounts() == {(True, "commission_expense"): -600, (True, "partner_accrued"): 600}
    shown = key_of(True).get(f"/api/v1/events/{purchase.event('invoice.paid')['id']}").json
    [other] = shown["deliveries"]
    assert (shown["object_id"], shown["outcome"], other["outcome"]) == (purchase.invoice, "accrued", "wrong_mode")
    unread = key_of(True).get(f"/api/v1/events/{other['inbox_id']}").json
    assert (unread["payments"], unread["moved"], unread["linked"], unread["names"]) == ([], [], [], [])
