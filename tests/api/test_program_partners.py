"""A program's partners as its owner manages them: invited, approved, paused, banned, with their totals."""

from typing import Any

from sqlalchemy import text

from app import db, ids
from app.organizations.hierarchy import create_organization
from tests.cast import Merchant

from .conftest import Answer, Caller
from .sales import sell


def path_of(merchant: Merchant) -> str:
    return f"/v1/admin/affiliate/programs/{ids.encode('prog', merchant.program_id)}"


def move(owner: Caller, merchant: Merchant, affiliate_id: str, what: str) -> dict[str, Any]:
    answer = owner.post(f"{path_of(merchant)}/affiliates/{affiliate_id}/{what}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def test_an_invited_address_is_a_pending_partner_with_a_link(owner: Caller, merchant: Merchant) -> None:
    answer = owner.post(f"{path_of(merchant)}/invite", {"email": "Zoe@Example.com"})
    assert answer.status_code == 201
    made = answer.json
    assert (made["email"], made["status"], made["commission"]) == ("zoe@example.com", "pending", None)
    assert "/join#" in made["signup_url"]
    assert made["expires_at"].endswith("Z")
    listed = owner.get(f"{path_of(merchant)}/affiliates", status="pending").json["data"]
    assert [one["id"] for one in listed] == [made["id"]]


def test_an_organization_is_enrolled_and_waits(owner: Caller, merchant: Merchant) -> None:
    with db.transaction() as session:
        affiliate = create_organization(session, kind="affiliate", name="Zoe's blog")
    organization_id = ids.encode("org", affiliate.id)
    body = {"organization_id": organization_id, "email": "zoe@example.com"}
    made = owner.post(f"{path_of(merchant)}/invite", body).json
    assert (made["organization_id"], made["status"], made["signup_url"]) == (organization_id, "pending", None)
    assert move(owner, merchant, made["id"], "approve")["status"] == "active"
    unknown = {"organization_id": ids.encode("org", ids.new()), "email": "zoe2@example.com"}
    assert refusal(owner.post(f"{path_of(merchant)}/invite", unknown)) == (404, "organization_not_found")


def test_invalid_invitations_are_refused(owner: Caller, merchant: Merchant, stranger: Caller, reader: Caller) -> None:
    invite = f"{path_of(merchant)}/invite"
    assert owner.post(invite, {}).json["error"]["param"] == "email"
    assert owner.post(invite, {"email": "zoe"}).json["error"]["param"] == "email"
    assert owner.post(invite, {"email": "zoe@example.com", "rate": 5}).json["error"]["param"] == "rate"
    assert refusal(stranger.post(invite, {"email": "zoe@example.com"})) == (404, "program_not_found")
    assert reader.post(invite, {"email": "zoe@example.com"}).status_code == 403


def test_approval_stamps_the_terms_of_that_day_once(owner: Caller, merchant: Merchant) -> None:
    invited = owner.post(f"{path_of(merchant)}/invite", {"email": "zoe@example.com"}).json["id"]
    approved = move(owner, merchant, invited, "approve")
    assert approved["commission"] == {"type": "percentage", "bps": 2000}
    assert (approved["holdback_days"], approved["activated_at"] is None) == (30, False)
    owner.patch(path_of(merchant), {"commission": {"type": "percentage", "bps": 500}})
    for what, status in (("pause", "paused"), ("approve", "active"), ("ban", "banned"), ("approve", "active")):
        shown = move(owner, merchant, invited, what)
        assert (shown["status"], shown["commission"]["bps"]) == (status, 2000)
        assert shown["activated_at"] == approved["activated_at"]
    sources = text("SELECT source FROM snapshots WHERE partner_id = :id")
    with db.transaction() as session:
        assert session.execute(sources, {"id": ids.decode(invited, "aff")}).scalars().all() == ["approval"]


def test_moves_that_change_nothing_are_fine_and_leave_no_trail(owner: Caller, merchant: Merchant) -> None:
    ada = ids.encode("aff", merchant.partners["ada"])
    for what in ("approve", "pause", "pause", "ban", "ban"):
        move(owner, merchant, ada, what)
    trail = owner.get("/api/v1/audit", subject_id=ada.replace("aff_", "par_"))
    assert [row["action"] for row in trail.json["data"]] == ["partner.banned", "partner.paused"]
    assert refusal(owner.post(f"{path_of(merchant)}/affiliates/{ada}/pause")) == (409, "status_refused")


def test_a_deleted_partner_is_shown_as_paused_and_stays_deleted(owner: Caller, merchant: Merchant) -> None:
    ben = ids.encode("par", merchant.partners["ben"])
    owner.call("DELETE", f"/api/v1/partners/{ben}")
    assert move(owner, merchant, ben, "pause")["status"] == "paused"
    with db.transaction() as session:
        stored = session.scalar(text("SELECT status FROM partners WHERE slug = 'ben'"))
    assert stored == "deactivated"
    assert move(owner, merchant, ben, "approve")["status"] == "active"


def test_partners_are_moved_in_their_own_program_only(owner: Caller, merchant: Merchant, stranger: Caller) -> None:
    ada = ids.encode("aff", merchant.partners["ada"])
    body = {"name": "Another", "commission": {"type": "percentage", "bps": 1}}
    other = owner.post("/v1/admin/affiliate/programs", body).json["id"]
    answer = owner.post(f"/v1/admin/affiliate/programs/{other}/affiliates/{ada}/ban")
    assert refusal(answer) == (404, "partner_not_found")
    assert refusal(stranger.post(f"{path_of(merchant)}/affiliates/{ada}/ban")) == (404, "program_not_found")
    assert owner.get(f"/v1/admin/affiliate/programs/{other}/affiliates").json["data"] == []


def test_partners_are_listed_with_what_they_earned(owner: Caller, reader: Caller, merchant: Merchant) -> None:
    with db.transaction() as session:
        for number in range(3):
            sell(session, merchant, "ada", number)
        sell(session, merchant, "ada", 3, currency="eur", base_minor=1000)
    dan, ben, ada = owner.get(f"{path_of(merchant)}/affiliates").json["data"]
    assert [one["slug"] for one in (dan, ben, ada)] == ["dan", "ben", "ada"]
    usd = {
        "total_conversions": 3,
        "total_commissions": 3,
        "total_earned_cents": 2940,
        "pending_cents": 2940,
        "approved_cents": 0,
        "paid_cents": 0,
    }
    assert ada["totals"] == usd
    assert [(one["currency"], one["pending_cents"]) for one in ada["totals_by_currency"]] == [
        ("eur", 200),
        ("usd", 2940),
    ]
    assert (ben["totals"]["total_earned_cents"], ben["totals_by_currency"]) == (0, [])
    rest = owner.get(f"{path_of(merchant)}/affiliates", starting_after=ben["id"]).json["data"]
    assert [one["slug"] for one in rest] == ["ada"]
    unpaid = reader.get(f"{path_of(merchant)}/affiliates").json["data"]
    assert all("totals" not in one for one in unpaid)


def test_a_rejected_application_shows_its_reason_until_it_is_approved_after_all(
    owner: Caller, merchant: Merchant, stranger: Caller
) -> None:
    zoe = owner.post("/api/v1/partners", {"email": "zoe@example.com", "slug": "zoe"}).json["id"]
    path, application = f"{path_of(merchant)}/affiliates/{zoe}", f"/api/v1/partners/{zoe}/application"
    assert owner.post(f"{path}/reject", {"reason": " "}).status_code == 400
    assert stranger.post(f"{path}/reject", {"reason": "no"}).status_code == 404
    assert owner.post(f"{path}/reject", {"reason": "No audience."}).json["status"] == "paused"
    assert owner.get(application).json["rejection_reason"] == "No audience."
    assert refusal(owner.post(f"{path}/reject", {"reason": "No audience."})) == (409, "status_refused")
    move(owner, merchant, zoe, "approve")
    assert owner.get(application).json["rejection_reason"] is None
