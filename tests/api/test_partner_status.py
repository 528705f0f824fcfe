"""Partners end, pause, are shut out and come back; nothing of it touches what they earned."""

import pytest
from sqlalchemy import select, text

from app import db, ids
from app.partners import enrollment
from app.partners.models import Partner, Snapshot
from app.partners.validation import Status
from tests.cast import Merchant

from .conftest import Caller
from .sales import sell


@pytest.fixture
def ada(merchant: Merchant) -> str:
    return f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}"


def set_status(merchant: Merchant, status: Status) -> None:
    with db.transaction() as session:
        enrollment.change_status(session, session.get_one(Partner, merchant.partners["ada"]), status)


def stored(merchant: Merchant) -> Partner:
    with db.transaction() as session:
        return session.get_one(Partner, merchant.partners["ada"])


def test_deleting_ends_an_enrollment_and_removes_nothing(owner: Caller, merchant: Merchant, ada: str) -> None:
    answer = owner.call("DELETE", ada)
    assert answer.status_code == 200, answer.text
    assert answer.json["status"] == "deactivated"
    assert stored(merchant).status == "deactivated"
    assert owner.get(ada).json["slug"] == "ada"
    assert owner.call("DELETE", ada).status_code == 200
    taken = owner.post("/api/v1/partners", {"email": "new@example.com", "slug": "ada"})
    assert (taken.status_code, taken.json["error"]["code"]) == (409, "slug_taken")


@pytest.mark.parametrize(
    ("before", "after"), [("pending", "deactivated"), ("paused", "deactivated"), ("banned", "banned")]
)
def test_deleting_keeps_a_ban(owner: Caller, merchant: Merchant, ada: str, before: Status, after: str) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE partners SET status = :status WHERE slug = 'ada'"), {"status": before})
    assert owner.call("DELETE", ada).json["status"] == "deactivated"
    assert stored(merchant).status == after


@pytest.mark.parametrize("status", ["paused", "banned", "deactivated"])
def test_no_partner_status_changes_earned_commissions(
    owner: Caller, merchant: Merchant, ada: str, status: Status
) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    stats = owner.get(ada).json["stats"]
    assert stats["pending_cents"] == 980
    set_status(merchant, status)
    assert owner.get(ada).json["stats"] == stats
    assert len(owner.get(f"{ada}/commissions").json["commissions"]) == 1


@pytest.mark.parametrize("status", ["paused", "banned", "deactivated"])
def test_reactivated_partner_keeps_its_terms(owner: Caller, merchant: Merchant, ada: str, status: Status) -> None:
    first_active_at = stored(merchant).activated_at
    set_status(merchant, status)
    assert owner.patch(ada, {"status": "active"}).json["status"] == "active"
    again = stored(merchant)
    assert again.activated_at == first_active_at
    assert again.status_changed_at > first_active_at
    with db.transaction() as session:
        assert len(session.scalars(select(Snapshot).where(Snapshot.partner_id == again.id)).all()) == 1


def test_setting_deactivated_on_a_banned_partner_keeps_the_ban(owner: Caller, merchant: Merchant, ada: str) -> None:
    set_status(merchant, "banned")
    assert owner.patch(ada, {"status": "deactivated"}).json["status"] == "deactivated"
    assert stored(merchant).status == "banned"


def test_ending_and_amending_are_in_the_audit_trail_once(owner: Caller, ada: str) -> None:
    owner.call("PUT", f"{ada}/commission-snapshot", json={"commission": None})
    owner.call("DELETE", ada)
    owner.call("DELETE", ada)
    trail = owner.get("/api/v1/audit").json["data"]
    assert [entry["action"] for entry in trail] == ["partner.deactivated", "partner.terms_amended"]
