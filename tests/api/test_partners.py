"""Partners and affiliates: created, listed, changed."""

from typing import Any

import pytest
from sqlalchemy import select, text

from app import db, ids
from app.partners.models import PartnerCode, Snapshot
from tests.cast import Merchant, open_merchant

from .conftest import Caller, MakeCaller

ZOE: dict[str, Any] = {"email": "Zoe@Example.com", "slug": "Zoe"}


def create(owner: Caller, **changes: Any) -> dict[str, Any]:
    answer = owner.post("/api/v1/partners", {**ZOE, **changes})
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


LEVEL_TIERS = [{"min_conversions": 10, "bps": 2000}, {"min_conversions": 10, "bps": 3000}]


def refused(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return dict(answer.json["error"])


def test_created_partner_is_invited_and_shows_every_field(owner: Caller, merchant: Merchant) -> None:
    made = create(owner, first_name="Zoe", metadata={"tier": "gold", "score": 3})
    assert made.pop("id").startswith("par_")
    assert made.pop("created_at").endswith("Z")
    assert made == {
        "program_id": ids.encode("prog", merchant.program_id),
        "email": "zoe@example.com",
        "email_state": "given",
        "first_name": "Zoe",
        "last_name": None,
        "slug": "zoe",
        "status": "invited",
        "commission_pct": None,
        "payout_method": None,
        "payout_email": None,
        "stripe_account_id": None,
        "parent_id": None,
        "metadata": {"tier": "gold", "score": 3},
    }


def test_either_prefix_names_a_partner(owner: Caller) -> None:
    made = create(owner)
    shown = owner.get(f"/api/v1/partners/{made['id'].replace('par_', 'aff_')}")
    assert shown.json["id"] == made["id"]


def test_partner_has_stats_in_the_programs_currency(owner: Caller) -> None:
    shown = owner.get(f"/api/v1/partners/{create(owner)['id']}").json
    assert shown["stats"] == {
        "total_commissions": 0,
        "total_earned_cents": 0,
        "pending_cents": 0,
        "approved_cents": 0,
        "paid_cents": 0,
    }
    assert shown["stats_by_currency"] == []


def test_read_key_sees_partners_without_stats(owner: Caller, reader: Caller) -> None:
    shown = reader.get(f"/api/v1/partners/{create(owner)['id']}").json
    assert shown["slug"] == "zoe"
    assert "stats" not in shown


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"email": "zoe@example.com"}, "slug"),
        ({"slug": "zoe"}, "email"),
        ({**ZOE, "email": "zoe"}, "email"),
        ({**ZOE, "email": None}, "email"),
        ({**ZOE, "slug": "no spaces"}, "slug"),
        ({**ZOE, "slug": "a--b"}, "slug"),
        ({**ZOE, "slug": "null"}, "slug"),
        ({**ZOE, "commission_pct": 100.01}, "commission_pct"),
        ({**ZOE, "commission_pct": -1}, "commission_pct"),
        ({**ZOE, "commission_pct": 12.345}, "commission_pct"),
        ({**ZOE, "commission_pct": "much"}, "commission_pct"),
        ({**ZOE, "payout_method": "cash"}, "payout_method"),
        ({**ZOE, "payout_email": "nowhere"}, "payout_email"),
        ({**ZOE, "metadata": {"a": {"b": 1}}}, "metadata.a"),
        ({**ZOE, "first_name": "a\x00b"}, "first_name"),
        ({**ZOE, "nickname": "z"}, "nickname"),
        ({**ZOE, "commission_snapshot": {"commission": {"type": "percentage"}}}, "commission_snapshot.commission.bps"),
        ({**ZOE, "commission_snapshot": {"commission": {"type": "gift"}}}, "commission_snapshot.commission"),
        (
            {**ZOE, "commission_snapshot": {"commission": {"type": "percentage", "bps": 10001}}},
            "commission_snapshot.commission.bps",
        ),
        (
            {**ZOE, "commission_snapshot": {"commission": {"type": "flat", "amount_cents": 0}}},
            "commission_snapshot.commission.amount_cents",
        ),
        (
            {**ZOE, "commission_snapshot": {"commission": {"type": "tiered", "bps": 1000, "tiers": LEVEL_TIERS}}},
            "commission_snapshot.commission.tiers",
        ),
    ],
)
def test_field_at_fault_is_named(owner: Caller, body: dict[str, Any], param: str) -> None:
    error = refused(owner.post("/api/v1/partners", body), 400)
    assert error["code"] == "invalid_request"
    assert error["param"].startswith(param)
    assert error["message"]


def test_all_faults_are_listed_and_the_first_is_named(owner: Caller) -> None:
    error = refused(owner.post("/api/v1/partners", {"payout_method": "cash", "nickname": "z"}), 400)
    assert [fault["param"] for fault in error["details"]] == ["email", "slug", "payout_method", "nickname"]
    assert error["param"] == "email"


def test_email_is_taken_whatever_its_case(owner: Caller) -> None:
    create(owner)
    error = refused(owner.post("/api/v1/partners", {"email": "ZOE@example.com", "slug": "other"}), 409)
    assert (error["code"], error["param"]) == ("email_taken", "email")


def test_a_code_once_given_is_never_issued_again(owner: Caller) -> None:
    zoe = create(owner)
    assert owner.patch(f"/api/v1/partners/{zoe['id']}", {"slug": "zoe-two"}).json["slug"] == "zoe-two"
    error = refused(owner.post("/api/v1/partners", {"email": "yan@example.com", "slug": "zoe"}), 409)
    assert error["code"] == "slug_taken"
    assert owner.patch(f"/api/v1/partners/{zoe['id']}", {"slug": "zoe"}).json["slug"] == "zoe"
    with db.transaction() as session:
        codes = session.scalars(select(PartnerCode.code).where(PartnerCode.code.like("zoe%")))
        assert set(codes) == {"zoe", "zoe-two"}


def test_becoming_active_stamps_the_terms_of_that_day(owner: Caller) -> None:
    zoe = create(owner)
    assert snapshots_of(zoe["id"]) == []
    assert owner.patch(f"/api/v1/partners/{zoe['id']}", {"status": "active"}).json["status"] == "active"
    [stamped] = snapshots_of(zoe["id"])
    assert (stamped.source, stamped.commission) == ("approval", {"type": "percentage", "bps": 2000})


def test_rate_given_at_creation_survives_activation(owner: Caller) -> None:
    zoe = create(owner, commission_pct="12.5")
    assert zoe["commission_pct"] == 12.5
    assert owner.patch(f"/api/v1/partners/{zoe['id']}", {"status": "active"}).json["commission_pct"] == 12.5
    assert [(one.source, one.commission["bps"]) for one in snapshots_of(zoe["id"])] == [("invite", 1250)]


def test_new_rate_is_a_new_snapshot_and_null_returns_to_the_program(owner: Caller) -> None:
    path = f"/api/v1/partners/{create(owner)['id']}"
    owner.patch(path, {"status": "active"})
    assert owner.patch(path, {"commission_pct": 33.33, "apply_to": "new_customers"}).json["commission_pct"] == 33.33
    assert owner.patch(path, {"commission_pct": None}).json["commission_pct"] is None
    history = [(one.source, one.commission["bps"], one.applies_to) for one in snapshots_of(path.rpartition("/")[2])]
    assert history == [
        ("approval", 2000, "all_customers"),
        ("amendment", 3333, "new_customers"),
        ("amendment", 2000, "all_customers"),
    ]


def test_setting_the_same_rate_creates_no_snapshot(owner: Caller) -> None:
    path = f"/api/v1/partners/{create(owner)['id']}"
    for _ in range(2):
        owner.patch(path, {"commission_pct": 25})
    assert len(snapshots_of(path.rpartition("/")[2])) == 1


@pytest.mark.parametrize("field", ["email", "slug", "status", "metadata"])
def test_required_fields_cannot_be_null(owner: Caller, field: str) -> None:
    path = f"/api/v1/partners/{create(owner)['id']}"
    assert refused(owner.patch(path, {field: None}), 400)["param"].startswith(field)


def test_apply_to_without_a_rate_is_refused(owner: Caller) -> None:
    path = f"/api/v1/partners/{create(owner)['id']}"
    assert refused(owner.patch(path, {"apply_to": "new_customers"}), 400)["param"] == "apply_to"


def test_enrolled_partner_cannot_be_invited_again(owner: Caller) -> None:
    path = f"/api/v1/partners/{create(owner)['id']}"
    owner.patch(path, {"status": "active"})
    assert refused(owner.patch(path, {"status": "invited"}), 409)["code"] == "already_enrolled"
    assert owner.patch(path, {"status": "deactivated"}).json["status"] == "deactivated"
    assert owner.patch(path, {"status": "active"}).json["status"] == "active"


def test_list_counts_searches_and_filters(owner: Caller) -> None:
    create(owner, first_name="Zoe", last_name="O'Neil")
    everyone = owner.get("/api/v1/partners").json
    assert (everyone["total"], everyone["page"], everyone["per_page"]) == (4, 1, 20)
    assert [row["slug"] for row in everyone["data"]] == ["zoe", "dan", "ben", "ada"]
    assert [row["slug"] for row in owner.get("/api/v1/partners", status="invited").json["data"]] == ["zoe"]
    for words in ("o'neil", "EXAMPLE.com", "zo", "Zoe O"):
        assert [row["slug"] for row in owner.get("/api/v1/partners", search=words).json["data"]] == ["zoe"]
    assert owner.get("/api/v1/partners", search="%").json["total"] == 0


def test_pages_are_cut_and_a_page_past_the_end_is_empty(owner: Caller) -> None:
    pages = [owner.get("/api/v1/partners", per_page=2, page=page).json["data"] for page in (1, 2, 3)]
    assert [[one["slug"] for one in page] for page in pages] == [["dan", "ben"], ["ada"], []]


def test_paging_after_an_id_is_stable_while_rows_are_added(owner: Caller) -> None:
    first = owner.get("/api/v1/partners", per_page=1).json["data"]
    create(owner)
    rest = owner.get("/api/v1/partners", starting_after=first[0]["id"]).json["data"]
    assert [one["slug"] for one in first + rest] == ["dan", "ben", "ada"]


def test_page_beside_starting_after_is_refused(owner: Caller) -> None:
    zoe = create(owner)
    error = refused(owner.get("/api/v1/partners", page=2, starting_after=zoe["id"]), 400)
    assert error["param"] == "starting_after"
    assert refused(owner.get("/api/v1/partners", starting_after="zoe"), 400)["param"] == "starting_after"


def test_affiliates_are_partners_in_camel_case(owner: Caller) -> None:
    made = create(owner, first_name="Zoe", last_name="Smith", commission_pct=25)
    shown = owner.get("/api/v1/affiliates", limit=1).json
    [affiliate] = shown["data"]
    assert affiliate.pop("createdAt") == made["created_at"]
    assert affiliate == {
        "id": made["id"].replace("par_", "aff_"),
        "name": "Zoe Smith",
        "email": "zoe@example.com",
        "emailState": "given",
        "shortCode": "zoe",
        "status": "pending",
        "commissionOverride": "25",
        "activatedAt": None,
    }
    assert (shown["page"], shown["limit"]) == (1, 1)


def test_owner_without_a_default_program_must_name_one(owner: Caller, caller_of: MakeCaller) -> None:
    with db.transaction() as session:
        child = open_merchant(session, "Second")
        session.execute(text("UPDATE programs SET is_default = false WHERE id = :id"), {"id": child.program_id})
    second = caller_of(child)
    assert refused(second.post("/api/v1/partners", ZOE), 404)["code"] == "program_not_found"
    program_id = ids.encode("prog", child.program_id)
    assert second.post("/api/v1/partners", {**ZOE, "program_id": program_id}).status_code == 201
    assert refused(owner.post("/api/v1/partners", {**ZOE, "program_id": program_id}), 404)["param"] == "program_id"


def snapshots_of(partner_id: str) -> list[Snapshot]:
    with db.transaction() as session:
        key = ids.decode(partner_id, "par")
        return list(session.scalars(select(Snapshot).where(Snapshot.partner_id == key).order_by(Snapshot.id)))
