"""Conversions that the merchant reports itself, through both routes."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from app import db, ids
from app.errors import NotFound
from app.explanations import explain
from app.partners import enrollment
from app.partners.models import Partner
from app.programs.models import Program
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Ledger, assert_ledger_sound
from tests.waiting import PATIENCE_SECONDS, join

from .conftest import Answer, Caller, MakeCaller

Body = dict[str, Any]
ROUTE = "/api/v1/conversions"


@pytest.fixture
def ada(merchant: Merchant) -> str:
    return ids.encode(ids.AFFILIATE, merchant.partners["ada"])


@pytest.fixture
def program_route(merchant: Merchant) -> str:
    return f"/v1/admin/affiliate/programs/{ids.encode(ids.PROGRAM, merchant.program_id)}/conversions"


def count_kind(merchant: Merchant, kind: str, **signal: str) -> None:
    """Make the shop's program count events or entitlements."""
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        program.conversion_kind = kind
        for name, value in signal.items():
            setattr(program, name, value)


def code_of(answer: Answer) -> tuple[int, str, str | None]:
    error = answer.json["error"]
    return answer.status_code, error["code"], error["param"]


def test_money_outside_stripe_earns_at_once(owner: Caller, ada: str, ledger: Ledger) -> None:
    answer = owner.post(ROUTE, {"affiliate_id": ada, "amount_cents": 4900, "external_id": "order-17"})
    assert (answer.status_code, set(answer.json)) == (201, {"id", "commissionCents"})
    assert answer.json["commissionCents"] == 980
    assert ledger().balances == owed(ada=980)
    [listed] = owner.get(ROUTE).json["data"]
    assert listed.pop("createdAt").endswith("Z")
    assert listed.pop("occurredAt").endswith("Z")
    assert listed.pop("programId").startswith("prog_")
    assert listed == {
        "id": answer.json["id"],
        "affiliateId": ada,
        "partnerCode": "ada",
        "stripeChargeId": "manual:order-17",
        "stripeInvoiceId": None,
        "amountCents": 4900,
        "commissionCents": 980,
        "currency": "usd",
        "status": "pending",
    }


def test_without_an_external_id_every_report_is_another_conversion(owner: Caller, ada: str, ledger: Ledger) -> None:
    made = [owner.post(ROUTE, {"affiliate_id": ada, "amount_cents": 1000}).json["id"] for _ in range(2)]
    listed = owner.get(ROUTE).json["data"]
    assert [one["stripeChargeId"] for one in listed] == [f"manual:{one}" for one in reversed(made)]
    assert ledger().balances == owed(ada=400)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"affiliate_id": None}, "affiliate_id"),
        ({"amount_cents": None}, "amount_cents"),
        ({"amount_cents": 0}, "amount_cents"),
        ({"amount_cents": -1}, "amount_cents"),
        ({"amount_cents": 12.5}, "amount_cents"),
        ({"amount_cents": "1200"}, "amount_cents"),
        ({"amount_cents": True}, "amount_cents"),
        ({"amount_cents": 10**15}, "amount_cents"),
        ({"external_id": ""}, "external_id"),
        ({"external_id": " "}, "external_id"),
        ({"external_id": "x" * 201}, "external_id"),
        ({"currency": "dollars"}, "currency"),
        ({"currency": "ZZZ"}, "currency"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": "2026-01-01T00:00:00"}, "occurred_at"),
        ({"occurred_at": "1999-12-31T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}, "occurred_at"),
        ({"commission_pct": 50}, "commission_pct"),
        ({"project_id": "web"}, "project_id"),
    ],
)
def test_a_wrong_field_is_named(owner: Caller, ada: str, change: Body, param: str) -> None:
    body = {"affiliate_id": ada, "amount_cents": 4900, **change}
    answer = owner.post(ROUTE, {name: value for name, value in body.items() if value is not None})
    assert code_of(answer) == (400, "invalid_request", param)


def test_affiliates_and_conversions_of_other_organizations_are_not_found(
    owner: Caller, stranger: Caller, ada: str, program_route: str
) -> None:
    report = {"affiliate_id": ada, "amount_cents": 4900}
    assert code_of(stranger.post(ROUTE, report)) == (404, "affiliate_not_found", "affiliate_id")
    assert code_of(owner.post(ROUTE, {**report, "affiliate_id": "nonsense"}))[:2] == (404, "affiliate_not_found")
    assert stranger.post(program_route, report).json["error"]["code"] == "program_not_found"
    assert stranger.get(program_route).json["error"]["code"] == "program_not_found"
    made = owner.post(ROUTE, report).json["id"]
    refund = stranger.post(f"{ROUTE}/{made}/refunds", {"amount_cents": 100})
    assert (refund.status_code, refund.json["error"]["code"]) == (404, "conversion_not_found")
    assert stranger.get(ROUTE).json["data"] == []


def test_affiliate_of_another_program_is_not_found(owner: Caller, merchant: Merchant, ada: str) -> None:
    with db.transaction() as session:
        other = Program(id=ids.new(), organization_id=merchant.organization_id, name="Other", currency="usd")
        session.add(other)
    report = {"affiliate_id": ada, "amount_cents": 4900, "program_id": ids.encode(ids.PROGRAM, other.id)}
    assert code_of(owner.post(ROUTE, report))[:2] == (404, "affiliate_not_found")
    assert owner.post(ROUTE, {**report, "program_id": ids.encode(ids.PROGRAM, ids.new())}).status_code == 404


def test_an_external_id_is_accepted_once_through_either_route(
    owner: Caller, ada: str, program_route: str, ledger: Ledger
) -> None:
    report = {"affiliate_id": ada, "amount_cents": 4900, "external_id": "order:17%3A"}
    first = owner.post(ROUTE, report)
    assert code_of(owner.post(ROUTE, {**report, "amount_cents": 5})) == (409, "duplicate_external_id", "external_id")
    again = owner.post(program_route, {**report, "amount_cents": 5})
    assert (again.status_code, again.json["id"]) == (200, first.json["id"])
    assert (again.json["amountCents"], again.json["stripeChargeId"]) == (4900, "manual:order:17%3A")
    nulls = dict.fromkeys(("currency", "event_name", "occurred_at", "entitlement_id"))
    assert owner.post(program_route, {**report, **nulls}).status_code == 200
    of_project = owner.post(program_route, {**report, "project_id": "order"})
    assert (of_project.status_code, of_project.json["id"] != first.json["id"]) == (201, True)
    assert owner.post(program_route, {**report, "project_id": "order"}).status_code == 200
    assert ledger().balances == owed(ada=1960)


def test_two_routes_at_the_same_moment_make_one_conversion(
    owner: Caller, ada: str, program_route: str, ledger: Ledger
) -> None:
    for number in range(5):
        report = {"affiliate_id": ada, "amount_cents": 1000, "external_id": f"order-{number}"}
        answers = at_once(
            *([lambda route=route, report=report: owner.post(route, report) for route in (ROUTE, program_route)] * 3)
        )
        assert sorted(one.status_code for one in answers).count(201) == 1
        assert {one.status_code for one in answers} <= {200, 201, 409}
        assert len({one.json["id"] for one in answers if one.status_code < 300}) == 1
    assert ledger().balances == owed(ada=1000)


def at_once(*calls: Any) -> list[Answer]:
    """What each of several calls answers, all made at the same moment."""
    barrier, answers = Barrier(len(calls)), []

    def run(call: Any) -> None:
        barrier.wait(PATIENCE_SECONDS)
        answers.append(call())

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    join(*threads)
    return answers


def test_a_report_needs_the_signal_its_program_counts(
    owner: Caller, merchant: Merchant, ada: str, program_route: str, ledger: Ledger
) -> None:
    assert code_of(owner.post(program_route, {"affiliate_id": ada})) == (400, "signal_missing", "amount_cents")
    count_kind(merchant, "event", conversion_event_name="signup")
    report = {"affiliate_id": ada, "amount_cents": 4900}
    for more in ({}, {"event_name": "login"}, {"entitlement_id": "signup"}):
        assert code_of(owner.post(program_route, {**report, **more})) == (400, "signal_missing", "event_name")
        assert code_of(owner.post(ROUTE, {**report, **more})) == (400, "signal_missing", "event_name")
    assert owner.post(program_route, {**report, "event_name": "signup"}).json["commissionCents"] == 980
    count_kind(merchant, "entitlement", conversion_entitlement_id="pro")
    assert code_of(owner.post(ROUTE, report)) == (400, "signal_missing", "entitlement_id")
    assert owner.post(ROUTE, {**report, "entitlement_id": "pro"}).json["commissionCents"] == 980
    assert ledger().balances == owed(ada=1960)


def test_a_share_of_an_event_without_an_amount_is_nothing(
    owner: Caller, merchant: Merchant, ada: str, program_route: str, ledger: Ledger
) -> None:
    count_kind(merchant, "event", conversion_event_name="signup")
    answer = owner.post(program_route, {"affiliate_id": ada, "event_name": "signup", "external_id": "user-1"})
    assert (answer.status_code, answer.json["commissionCents"], answer.json["status"]) == (201, 0, "rejected")
    assert (answer.json["amountCents"], answer.json["currency"]) == (0, "usd")
    assert owner.get("/api/v1/payments", outcome="zero_base").json["data"][0]["amount_cents"] == 0
    refused = owner.post(f"{ROUTE}/{answer.json['id']}/refunds", {"amount_cents": 1})
    assert code_of(refused) == (400, "invalid_request", "amount_cents")
    assert ledger().balances == {}


def test_an_inactive_affiliate_earns_nothing_and_the_report_is_kept(
    owner: Caller, merchant: Merchant, ada: str, ledger: Ledger
) -> None:
    with db.transaction() as session:
        enrollment.change_status(session, session.get_one(Partner, merchant.partners["ada"]), "paused")
    answer = owner.post(ROUTE, {"affiliate_id": ada, "amount_cents": 4900, "external_id": "order-17"})
    assert (answer.status_code, answer.json["commissionCents"]) == (201, 0)
    [payment] = owner.get("/api/v1/payments", outcome="partner_inactive").json["data"]
    story = owner.get(f"/api/v1/payments/{payment['id']}/explanation").json
    assert story["conversion"]["id"] == answer.json["id"]
    assert story["sentences"][-1].startswith("No commission.")
    assert owner.get(ROUTE).json["data"] == []
    assert ledger().balances == {}


def test_a_report_explains_itself(owner: Caller, ada: str, program_route: str) -> None:
    report = {"affiliate_id": ada, "amount_cents": 4900, "external_id": "order-17", "project_id": "web"}
    made = owner.post(program_route, {**report, "occurred_at": "2026-11-01T10:00:00.250Z"})
    owner.post(f"{ROUTE}/{made.json['id']}/refunds", {"amount_cents": 900, "external_id": "refund-17"})
    [commission] = owner.get("/api/v1/commissions").json["commissions"]
    assert (commission["accruedAt"], commission["matureAt"]) == ("2026-11-01T10:00:00.250Z", "2026-12-01T10:00:00.250Z")
    assert (commission["amount"], commission["reversedAmount"]) == ("9.80", "1.80")
    story = owner.get(f"/api/v1/commissions/{commission['id']}/explanation").json
    explanation = "\n".join(story["sentences"])
    assert "reported by key_" in explanation
    assert "as order-17, of project web" in explanation
    assert "9.00 USD was returned outside Stripe: key_" in explanation
    assert "reported it as refund-17" in explanation
    assert "It is credited to ada" in explanation
    assert "whom the report names (request:" in explanation
    assert story["attribution"]["carrier"] == "reported"
    assert [entry["cause"].partition(":")[0] for entry in story["commissions"][0]["entries"]] == ["request", "request"]


def test_three_decimals_are_kept_and_shown(owner: Caller, ada: str) -> None:
    answer = owner.post(ROUTE, {"affiliate_id": ada, "amount_cents": 12345, "currency": "KWD"})
    assert answer.json["commissionCents"] == 2469
    [commission] = owner.get("/commissions").json["commissions"]
    assert (commission["amount"], commission["currency"]) == ("2.469", "KWD")
    assert owner.get(ROUTE).json["data"][0]["currency"] == "kwd"


def test_a_program_lists_its_own_conversions(owner: Caller, merchant: Merchant, ada: str, program_route: str) -> None:
    made = [owner.post(ROUTE, {"affiliate_id": ada, "amount_cents": 1000}).json["id"] for _ in range(3)]
    ben = ids.encode(ids.PARTNER, merchant.partners["ben"])
    shown = owner.get(program_route, limit=2).json["data"]
    assert [one["id"] for one in shown] == made[:0:-1]
    assert [row["id"] for row in owner.get(program_route, starting_after=made[1]).json["data"]] == made[:1]
    assert [row["id"] for row in owner.get(program_route, page=2, limit=2).json["data"]] == made[:1]
    assert owner.get(program_route, affiliate_id=ben).json["data"] == []
    assert len(owner.get(program_route, status="pending").json["data"]) == 3
    assert owner.get(program_route, status="paid").json["data"] == []
    assert owner.get(ROUTE, affiliate_id="aff_x").json["error"]["code"] == "affiliate_not_found"


def test_reports_are_approved_and_rejected_like_any_conversion(owner: Caller, ada: str, program_route: str) -> None:
    made = owner.post(ROUTE, {"affiliate_id": ada, "amount_cents": 4900}).json["id"]
    assert owner.post(f"{program_route}/{made}/reject", {"reason": "not his"}).json["status"] == "rejected"
    assert owner.post(f"{program_route}/{made}/approve").json["status"] == "approved"
    refund = owner.post(f"{ROUTE}/{made}/refunds", {"amount_cents": 1000})
    assert (refund.status_code, refund.json["commissionCents"]) == (201, 780)
    assert_ledger_sound()


def test_a_report_has_the_mode_of_its_key(owner: Caller, merchant: Merchant, ada: str, caller_of: MakeCaller) -> None:
    """An external id is taken once in each mode, and each key lists what was reported in its own."""
    report = {"affiliate_id": ada, "amount_cents": 4900, "external_id": "order-17"}
    for caller, livemode in ((owner, False), (caller_of(merchant, livemode=True), True)):
        assert caller.post(ROUTE, report).status_code == 201
        assert caller.post(ROUTE, report).status_code == 409
        assert [row["livemode"] for row in caller.get("/api/v1/payments").json["data"]] == [livemode]


def test_a_report_is_found_by_the_id_the_merchant_gave_it(owner: Caller, ada: str) -> None:
    named = owner.post(ROUTE, {"affiliate_id": ada, "amount_cents": 4900, "external_id": "order:17"}).json["id"]
    unnamed = owner.post(ROUTE, {"affiliate_id": ada, "amount_cents": 4900}).json["id"]
    with db.transaction() as session:
        for one, conversion in (("manual:order:17", named), (f"manual:{unnamed}", unnamed), (named, named)):
            explanation = explain.explain(session, one)
            assert [story["conversion"]["id"] for story in explanation["payments"]] == [conversion], one
        with pytest.raises(NotFound):
            explain.explain(session, "manual:order-18")
