"""Conversions, commissions and explanations, as clients read them."""

import pytest
from sqlalchemy import text

from app import db, ids
from app.explanations import explain
from tests.cast import Merchant

from .conftest import Caller
from .sales import Sale, pay_unattributed, sell


@pytest.fixture
def sales(merchant: Merchant) -> list[Sale]:
    """Five sales of Ada's, oldest first, the last in yen."""
    with db.transaction() as session:
        sold = [sell(session, merchant, "ada", number, customer="cus_cleo") for number in range(1, 5)]
        return [*sold, sell(session, merchant, "ada", 5, base_minor=6000, currency="jpy", customer="cus_cleo")]


def test_commission_shows_every_field(owner: Caller, merchant: Merchant, sales: list[Sale]) -> None:
    newest, *_, oldest = owner.get("/api/v1/commissions").json["commissions"]
    assert oldest.pop("attributionId").startswith("att_")
    assert oldest == {
        "id": sales[0].commission_id,
        "tenantId": ids.encode("org", merchant.organization_id),
        "partnerId": ids.encode("par", merchant.partners["ada"]),
        "conversionId": sales[0].conversion_id,
        "level": 0,
        "cycle": None,
        "amount": "9.80",
        "reversedAmount": "0.00",
        "currency": "USD",
        "status": "accrued",
        "partnerCode": "ada",
        "stripeInvoiceId": "in_1",
        "occurredAt": "2026-11-01T12:00:00.000Z",
        "accruedAt": "2026-11-01T12:00:00.000Z",
        "approvedAt": None,
        "approvalPostedAt": None,
        "paidAt": None,
        "holdbackDays": 30,
        "matureAt": "2026-12-01T12:00:00.000Z",
        "campaignId": ids.encode("prog", merchant.program_id),
        "campaignName": "Friends",
    }
    assert (newest["amount"], newest["currency"]) == ("1200", "JPY")


def test_commission_list_answers_with_and_without_prefix(owner: Caller, merchant: Merchant, sales: list[Sale]) -> None:
    ada, ben = (ids.encode("aff", merchant.partners[code]) for code in ("ada", "ben"))
    everything = owner.get("/api/v1/commissions").json
    assert owner.get("/commissions").json == everything
    assert owner.get(f"/api/v1/partners/{ada}/commissions").json == everything
    assert owner.get(f"/partners/{ada}/commissions").json == everything
    assert owner.get(f"/partners/{ben}/commissions").json == {"commissions": [], "hasMore": False}


def test_commissions_are_paged_from_an_id_on(owner: Caller, sales: list[Sale]) -> None:
    seen: list[str] = []
    while page := owner.get("/commissions", limit=2, **({"starting_after": seen[-1]} if seen else {})).json[
        "commissions"
    ]:
        seen += [one["id"] for one in page]
    assert seen == [sale.commission_id for sale in reversed(sales)]


def test_commissions_are_filtered_by_status(owner: Caller, sales: list[Sale]) -> None:
    assert len(owner.get("/commissions", status="accrued").json["commissions"]) == 5
    assert owner.get("/commissions", status="paid").json["commissions"] == []
    assert owner.get("/commissions", status="gone").status_code == 400
    assert owner.get("/commissions", limit=501).json["error"]["param"] == "limit"


def test_conversion_shows_every_field(owner: Caller, merchant: Merchant, sales: list[Sale]) -> None:
    ada = ids.encode("aff", merchant.partners["ada"])
    page = owner.get("/api/v1/conversions", affiliate_id=ada, status="pending", limit=1).json
    [conversion] = page["data"]
    assert conversion.pop("createdAt").endswith("Z")
    assert conversion == {
        "id": sales[4].conversion_id,
        "affiliateId": ada,
        "partnerCode": "ada",
        "programId": ids.encode("prog", merchant.program_id),
        "stripeChargeId": "ch_5",
        "stripeInvoiceId": "in_5",
        "amountCents": 6000,
        "commissionCents": 1200,
        "currency": "jpy",
        "status": "pending",
        "occurredAt": "2026-11-01T12:00:00.000Z",
    }
    assert (page["page"], page["limit"], page["hasMore"]) == (1, 1, True)


def test_merged_payment_is_in_no_list(owner: Caller, sales: list[Sale]) -> None:
    merged, kept = (ids.decode(sale.payment_id, "pmt") for sale in sales[:2])
    with db.transaction() as session:
        session.execute(
            text("UPDATE payments SET merged_into_id = :kept, outcome = 'merged' WHERE id = :merged"),
            {"kept": kept, "merged": merged},
        )
    assert len(owner.get("/commissions").json["commissions"]) == 4
    assert len(owner.get("/api/v1/conversions").json["data"]) == 4
    assert len(owner.get("/api/v1/payments").json["data"]) == 4
    [gone] = owner.get("/api/v1/payments", outcome="merged").json["data"]
    assert gone["merged_into_id"] == sales[1].payment_id


def test_partner_stats_add_up_in_every_currency(owner: Caller, merchant: Merchant, sales: list[Sale]) -> None:
    shown = owner.get(f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}").json
    usd = {
        "total_commissions": 4,
        "total_earned_cents": 3920,
        "pending_cents": 3920,
        "approved_cents": 0,
        "paid_cents": 0,
    }
    assert shown["stats"] == usd
    assert [one["currency"] for one in shown["stats_by_currency"]] == ["jpy", "usd"]
    assert shown["stats_by_currency"][1] == {**usd, "currency": "usd"}


def test_unattributed_payments_are_found_with_their_reason(
    owner: Caller, merchant: Merchant, sales: list[Sale]
) -> None:
    with db.transaction() as session:
        lost = pay_unattributed(session, merchant, 77, "jnae")
    [payment] = owner.get("/api/v1/payments", attributed="false").json["data"]
    assert (payment["id"], payment["outcome"]) == (lost, "unknown_code")
    assert payment["reason"] == "It names jnae, and no partner has that code."
    assert len(owner.get("/api/v1/payments", attributed="true").json["data"]) == 5
    assert owner.get("/api/v1/payments", outcome="lost").json["error"]["param"] == "outcome"


def test_commission_explains_itself(owner: Caller, sales: list[Sale]) -> None:
    story = owner.get(f"/api/v1/commissions/{sales[0].commission_id}/explanation").json
    assert story["payment"]["id"] == sales[0].payment_id
    assert story["attribution"]["carrier"] == "subscription_metadata"
    assert story["attribution"]["field_path"] == "data.object.subscription_details.metadata.affiliate_id"
    [commission] = story["commissions"]
    assert (commission["rate_bps"], commission["amount_minor"], commission["net_minor"]) == (2000, 980, 980)
    assert (commission["snapshot"]["source"], commission["terms"]["version"]) == ("approval", 1)
    [entry] = commission["entries"]
    assert (entry["cause"], sum(line["amount_minor"] for line in entry["postings"])) == ("evt_1", 0)
    assert "20 % of 49.00 USD, rounded half up, is 9.80 USD." in story["sentences"]
    assert story["summary"] == "ada has 9.80 USD accrued on it."


def test_payment_that_earned_nothing_shows_why(owner: Caller, merchant: Merchant) -> None:
    with db.transaction() as session:
        lost = pay_unattributed(session, merchant, 77)
    story = owner.get(f"/api/v1/payments/{lost}/explanation").json
    assert (story["attribution"], story["commissions"]) == (None, [])
    stop = "No commission. Paid, but no evidence that counts for this payment names a partner."
    assert story["summary"] == stop
    assert stop in story["sentences"]


def test_any_id_is_explained(sales: list[Sale]) -> None:
    sale = sales[0]
    with db.transaction() as session:
        for one in (sale.payment_id, sale.conversion_id, sale.commission_id):
            explanation = explain.explain(session, one)
            assert [story["payment"]["id"] for story in explanation["payments"]] == [sale.payment_id]
            assert explanation["sentences"] == explanation["payments"][0]["sentences"]
        customers = explain.explain(session, "cus_cleo")
        assert [story["payment"]["id"] for story in customers["payments"]] == [
            sale.payment_id for sale in reversed(sales)
        ]
        assert explain.explain(session, "evt_1")["event"]["id"] == "evt_1"


def test_unknown_ids_are_not_found(owner: Caller) -> None:
    for kind, prefix in (("commissions", "com"), ("payments", "pmt")):
        for one in (ids.encode(prefix, ids.new()), "nonsense", ids.encode("org", ids.new())):
            answer = owner.get(f"/api/v1/{kind}/{one}/explanation")
            assert (answer.status_code, answer.json["error"]["code"]) == (404, f"{kind[:-1]}_not_found")
