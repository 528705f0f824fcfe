"""What a partner sees with its own organization's key: itself, and no other partner."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from app import db, ids
from app.organizations import hierarchy, keys
from app.partners import enrollment
from app.partners.models import Partner
from app.partners.validation import Status
from tests.cast import Merchant, enroll, open_merchant

from .conftest import Caller
from .sales import sell

ME = "/v1/admin/affiliate-me"
FINANCIAL = ("stats", "balance", "payouts")

Affiliate = Callable[..., Caller]


@pytest.fixture
def affiliate(application: Flask, merchant: Merchant) -> Affiliate:
    """Give partners an organization, and make a caller of its key: `affiliate("ada", level="read")`."""
    made = {}

    def affiliate(*codes: str, level: str = "manage", shop: Merchant = merchant) -> Caller:
        with db.transaction() as session:
            for code in codes:
                if code not in made:
                    made[code] = hierarchy.create_organization(session, kind="affiliate", name=code).id
                session.get_one(Partner, shop.partners[code]).partner_organization_id = made[codes[0]]
            _, plaintext = keys.create_key(session, made[codes[0]], name="tests", level=level)
        return Caller(application, plaintext)

    return affiliate


def set_status(merchant: Merchant, code: str, status: Status) -> None:
    with db.transaction() as session:
        enrollment.change_status(session, session.get_one(Partner, merchant.partners[code]), status)


def sold(merchant: Merchant, code: str, number: int, currency: str = "usd") -> None:
    with db.transaction() as session:
        sell(session, merchant, code, number, currency=currency)


def test_programs_are_shown_with_the_partners_own_terms(affiliate: Affiliate, merchant: Merchant) -> None:
    [shown] = affiliate("ada", level="read").get(f"{ME}/programs").json["data"]
    assert shown.pop("created_at").endswith("Z")
    assert shown.pop("activated_at").endswith("Z")
    assert shown == {
        "id": ids.encode("prog", merchant.program_id),
        "name": "Friends",
        "status": "active",
        "currency": "usd",
        "landing_url": None,
        "attribution_model": "last_touch",
        "attribution_window_days": 30,
        "partner_id": ids.encode("par", merchant.partners["ada"]),
        "enrollment_status": "active",
        "email_state": "given",
        "code": "ada",
        "commission": {"type": "percentage", "bps": 2000},
        "commission_value": "20",
        "holdback_days": 30,
    }


def test_list_continues_after_a_program(affiliate: Affiliate, merchant: Merchant) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
        enroll(session, other, "ada")
    affiliate("ada", shop=other)
    ada = affiliate("ada")
    newest = ada.get(f"{ME}/programs", limit=1).json["data"]
    rest = ada.get(f"{ME}/programs", starting_after=newest[0]["id"]).json["data"]
    both = [ids.encode("prog", shop.program_id) for shop in (other, merchant)]
    assert [one["id"] for one in newest + rest] == both
    assert ada.get(f"{ME}/programs", starting_after="prog_x").json["error"]["param"] == "starting_after"


def test_program_without_own_enrollment_is_not_found(affiliate: Affiliate) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
    for program_id in (ids.encode("prog", other.program_id), "prog_x"):
        refused = affiliate("ada").get(f"{ME}/programs/{program_id}/referral")
        assert (refused.status_code, refused.json["error"]["code"]) == (404, "program_not_found")


def test_stats_and_balance_are_the_partners_alone_and_never_mix_currencies(
    affiliate: Affiliate, merchant: Merchant
) -> None:
    for number, (code, currency) in enumerate([("ada", "usd"), ("ada", "jpy"), ("ben", "usd")]):
        sold(merchant, code, number, currency)
    ada = affiliate("ada")
    program_id = ids.encode("prog", merchant.program_id)
    stats = ada.get(f"{ME}/stats").json["data"]
    assert [(one["program_id"], one["currency"], one["total_earned_cents"]) for one in stats] == [
        (program_id, "jpy", 980),
        (program_id, "usd", 980),
    ]
    usd = ada.get(f"{ME}/balance").json["data"][1]
    nothing_moved = {"payable_cents": 0, "in_payout_cents": 0, "paid_cents": 0, "fee_cents": 0}
    [by_program] = usd.pop("programs")
    assert usd == {"currency": "usd", "accrued_cents": 980, **nothing_moved}
    assert by_program == {"program_id": program_id, "currency": "usd", "accrued_cents": 980, **nothing_moved}


def test_partner_sees_earnings_from_before_its_account(affiliate: Affiliate, merchant: Merchant) -> None:
    sold(merchant, "ada", 1)
    ada = affiliate("ada")
    [line] = ada.get(f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}/commissions").json["commissions"]
    assert (line["amount"], line["campaignName"]) == ("9.80", "Friends")
    assert line["attributionId"].startswith("att_")


def test_list_of_payouts_is_empty(affiliate: Affiliate) -> None:
    assert affiliate("ada").get(f"{ME}/payouts").json == {"data": [], "has_more": False}


def test_a_read_key_reads_nothing_financial(affiliate: Affiliate, merchant: Merchant) -> None:
    reader = affiliate("ada", level="read")
    own = f"/partners/{ids.encode('par', merchant.partners['ada'])}/commissions"
    for path in (*(f"{ME}/{what}" for what in FINANCIAL), own):
        assert reader.get(path).status_code == 403, path


def test_another_partners_commissions_are_not_found(affiliate: Affiliate, merchant: Merchant) -> None:
    sold(merchant, "ben", 1)
    path = f"/api/v1/partners/{ids.encode('par', merchant.partners['ben'])}/commissions"
    assert affiliate("ada").get(path).status_code == 404
    assert affiliate("ada").get(path.removeprefix("/api/v1")).status_code == 404


def test_the_owners_surfaces_show_a_partner_nothing(affiliate: Affiliate, merchant: Merchant) -> None:
    sold(merchant, "ada", 1)
    ada = affiliate("ada")
    own = f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}"
    for path in (own, f"{own}/commission-snapshot", f"{own}/promotion-codes"):
        assert ada.get(path).status_code == 404, path
    assert ada.patch(own, {"commission_pct": 100}).status_code == 404
    assert ada.call("PUT", f"{own}/commission-snapshot", json={"commission": None}).status_code == 404
    assert ada.get("/api/v1/partners").json["total"] == 0
    assert ada.get("/api/v1/payments").status_code == 403


def test_a_partner_lists_its_own_commissions_without_knowing_an_id(affiliate: Affiliate, merchant: Merchant) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
        enroll(session, other, "ada")
    with db.transaction() as session:
        mine = [sell(session, merchant, "ada", 1), sell(session, merchant, "ada", 2)]
        sell(session, merchant, "ben", 3)
        elsewhere = sell(session, other, "ada", 4)
    affiliate("ada", shop=other)
    ada = affiliate("ada")
    every = [elsewhere.commission_id, mine[1].commission_id, mine[0].commission_id]
    for path in (f"{ME}/commissions", "/api/v1/commissions", "/commissions"):
        shown = ada.get(path)
        assert [row["id"] for row in shown.json["commissions"]] == every, path
        assert not any(one in shown.text for one in ("cus_", "in_", "ch_", "evt_"))
        assert len(ada.get(path, limit=1).json["commissions"]) == 1
    with db.transaction() as session:
        enrollment.change_status(session, session.get_one(Partner, other.partners["ada"]), "banned")
    assert [row["id"] for row in ada.get(f"{ME}/commissions").json["commissions"]] == every[1:]
    assert ada.get(f"{ME}/commissions/{elsewhere.commission_id}/explanation").status_code == 404
    assert affiliate("ada", level="read").get(f"{ME}/commissions").status_code == 403


def test_row_security_alone_shows_a_partner_its_own_rows_and_lets_it_write_none(
    affiliate: Affiliate, merchant: Merchant
) -> None:
    for number, code in enumerate(("ada", "ben")):
        sold(merchant, code, number)
    affiliate("ada")
    with db.transaction() as session:
        mine = session.get_one(Partner, merchant.partners["ada"]).partner_organization_id
        assert mine is not None
        db.narrow_to_affiliate(session, mine, livemode=False)
        counts = {
            table: session.scalar(text(f"SELECT count(*) FROM {table}"))
            for table in ("partners", "partner_codes", "snapshots", "conversions", "commissions", "programs", "terms")
        }
        assert set(counts.values()) == {1}, counts
        for hidden in ("payments", "attributions", "postings", "journal_entries", "stripe_events", "organizations"):
            assert session.scalar(text(f"SELECT count(*) FROM {hidden}")) == 0, hidden
        assert session.execute(text("UPDATE partners SET slug = 'mine'")).rowcount == 0


@pytest.mark.parametrize("status", ["banned", "deactivated"])
def test_banned_and_deactivated_partners_have_no_access(
    affiliate: Affiliate, merchant: Merchant, status: Status
) -> None:
    ada = affiliate("ada")
    sold(merchant, "ada", 1)
    set_status(merchant, "ada", status)
    own = f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}/commissions"
    program_id = ids.encode("prog", merchant.program_id)
    for path in (
        f"{ME}/programs",
        f"{ME}/programs/{program_id}/referral",
        *(f"{ME}/{what}" for what in FINANCIAL),
        own,
    ):
        refused = ada.get(path)
        assert (refused.status_code, refused.json["error"]["code"]) == (403, "enrollment_ended"), path
    set_status(merchant, "ada", "active")
    assert len(ada.get(own).json["commissions"]) == 1


@pytest.mark.parametrize("status", ["pending", "paused"])
def test_pending_and_paused_partners_have_access(affiliate: Affiliate, merchant: Merchant, status: str) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE partners SET status = :status WHERE slug = 'ada'"), {"status": status})
    ada = affiliate("ada")
    assert ada.get(f"{ME}/programs").json["data"][0]["enrollment_status"] == status
    assert ada.get(f"{ME}/balance").status_code == 200


def test_ended_enrollment_does_not_affect_other_programs(affiliate: Affiliate, merchant: Merchant) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
        enroll(session, other, "ada")
    affiliate("ada", shop=other)
    ada = affiliate("ada")
    set_status(merchant, "ada", "banned")
    [shown] = ada.get(f"{ME}/programs").json["data"]
    assert shown["id"] == ids.encode("prog", other.program_id)


def test_an_organization_without_enrollments_sees_none(owner: Caller) -> None:
    assert owner.get(f"{ME}/programs").json == {"data": [], "has_more": False}
    assert owner.get(f"{ME}/stats").json == {"data": []}


def test_a_partner_explains_its_own_commission_without_the_customer(affiliate: Affiliate, merchant: Merchant) -> None:
    sold(merchant, "ada", 1)
    sold(merchant, "ben", 2)
    ada, ben = affiliate("ada"), affiliate("ben")
    own = f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}/commissions"
    [commission] = ada.get(own).json["commissions"]
    path = f"{ME}/commissions/{commission['id']}/explanation"
    explanation = ada.get(path)
    assert explanation.json["summary"] == "20 % of 49.00 USD is 9.80 USD, in the program Friends."
    assert (explanation.json["base_cents"], explanation.json["rate_bps"], explanation.json["net_cents"]) == (
        4900,
        2000,
        980,
    )
    assert "30 days after the payment" in explanation.json["sentences"][-1]
    assert not any(one in explanation.text for one in ("cus_", "in_", "ch_", "evt_", "cleo"))
    assert ben.get(path).status_code == 404
    assert affiliate("ada", level="read").get(path).status_code == 403
