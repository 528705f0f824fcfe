"""Approving everything that matches: what is on hold stays, each decision and the run are audited."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app import db, ids
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, assert_ledger_sound
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.troubles import DisputeStory

from .conftest import Caller

APPROVE = "/api/v1/commissions/approve"
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()


@pytest.fixture
def sold(merchant: Merchant, deliver: Deliver, drain: Drain) -> dict[str, str]:
    """What Ada sold twice, once of it disputed, and Ben once: 9.80 each. The partners' ids by code."""
    disputed = Customer(CLOVER, Marks(subscription="ada"))
    first = disputed.subscribes()
    events = [*first.events, DisputeStory(disputed, first).opens()]
    for code in ("ada", "ben"):
        events += Customer(CLOVER, Marks(subscription=code)).subscribes().events
    deliver(events)
    drain()
    return {code: ids.encode("par", merchant.partners[code]) for code in ("ada", "ben")}


def statuses(owner: Caller) -> list[tuple[str, str]]:
    rows = owner.get("/api/v1/commissions").json["commissions"]
    return sorted((row["partnerCode"], row["status"]) for row in rows)


def test_dry_run_lists_what_would_be_approved_and_changes_nothing(owner: Caller, sold: dict[str, str]) -> None:
    said = owner.post(APPROVE, {"until": TOMORROW, "dryRun": True}).json
    assert (said["dryRun"], said["approved"], said["hasMore"]) == (True, 2, False)
    assert said["amounts"] == [{"currency": "USD", "amount": "19.60"}]
    assert (len(said["conversionIds"]), len(said["onHold"])) == (2, 1)
    assert statuses(owner) == [("ada", "accrued"), ("ada", "accrued"), ("ben", "accrued")]
    assert owner.get("/api/v1/audit", action="conversions.approved").json["data"] == []


def test_matching_conversions_are_approved_except_those_on_hold(owner: Caller, sold: dict[str, str]) -> None:
    done = owner.post(APPROVE, {"partnerId": sold["ada"], "reason": "checked by hand"}).json
    assert (done["approved"], done["amounts"]) == (1, [{"currency": "USD", "amount": "9.80"}])
    assert len(done["onHold"]) == 1
    assert statuses(owner) == [("ada", "accrued"), ("ada", "approved"), ("ben", "accrued")]
    again = owner.post(APPROVE, {"partnerId": sold["ada"]}).json
    assert (again["approved"], again["amounts"]) == (0, [])
    assert_ledger_sound()


def test_bulk_approval_audits_each_decision_and_the_run(owner: Caller, sold: dict[str, str]) -> None:
    done = owner.post(APPROVE, {"until": TOMORROW}).json
    each = owner.get("/api/v1/audit", action="conversion.approved").json["data"]
    assert {one["subject_id"] for one in each} == set(done["conversionIds"])
    assert all(one["details"] == {"in_bulk": True} for one in each)
    [run] = owner.get("/api/v1/audit", action="conversions.approved").json["data"]
    assert run["subject_id"].startswith("org_")
    assert {name: run["details"][name] for name in ("approved", "on_hold")} == {"approved": 2, "on_hold": 1}
    assert run["details"]["until"].startswith(TOMORROW[:19])


def test_approved_at_and_when_it_was_posted_are_shown_under_their_own_names(
    owner: Caller, sold: dict[str, str]
) -> None:
    before = datetime.now(UTC)
    owner.post(APPROVE, {"partnerId": sold["ben"]})
    [shown] = owner.get(f"/api/v1/partners/{sold['ben']}/commissions").json["commissions"]
    approved, posted = (datetime.fromisoformat(shown[name]) for name in ("approvedAt", "approvalPostedAt"))
    assert before - timedelta(seconds=5) <= approved <= datetime.now(UTC)
    assert before - timedelta(seconds=5) <= posted <= datetime.now(UTC)
    with db.transaction() as session:
        entry = session.execute(text("SELECT created_at FROM journal_entries WHERE kind = 'approval'")).scalar_one()
    assert abs(entry - posted) < timedelta(milliseconds=1)
    [explanation] = owner.get(f"/api/v1/commissions/{shown['id']}/explanation").json["commissions"]
    assert (explanation["approved_at"], explanation["approval_posted_at"]) == (
        shown["approvedAt"],
        shown["approvalPostedAt"],
    )


def test_approving_everything_without_a_condition_is_refused(owner: Caller, sold: dict[str, str]) -> None:
    refused = owner.post(APPROVE, {"dryRun": True})
    assert (refused.status_code, refused.json["error"]["param"]) == (400, "until")
    assert owner.post(APPROVE, {"partnerId": ids.encode("par", ids.new())}).status_code == 404


def test_conversions_of_another_organization_are_not_approved(
    owner: Caller, stranger: Caller, sold: dict[str, str]
) -> None:
    assert stranger.post(APPROVE, {"until": TOMORROW}).json["approved"] == 0
    assert stranger.post(APPROVE, {"partnerId": sold["ada"]}).status_code == 404
    assert {status for _, status in statuses(owner)} == {"accrued"}
