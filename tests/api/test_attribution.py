"""Attribution by hand and promotion codes, as their callers meet them."""

import pytest

from app import db, ids
from tests.cast import Merchant

from .conftest import Caller, MakeCaller
from .sales import Sale, sell


@pytest.fixture
def sale(merchant: Merchant) -> Sale:
    with db.transaction() as session:
        return sell(session, merchant, "ada", 1)


def test_other_organizations_cannot_decide_on_a_conversion(stranger: Caller, merchant: Merchant, sale: Sale) -> None:
    ada = ids.encode("par", merchant.partners["ada"])
    order = {"partner_id": None, "reason": "because"}
    assert stranger.post(f"/api/v1/payments/{sale.payment_id}/attribution", order).status_code == 404
    everything = {**order, "all_unpaid": True}
    assert stranger.post("/api/v1/customers/cus_1/attribution", everything).status_code == 404
    for call in (stranger.get, lambda path: stranger.post(path, {"code": "TAKE10"})):
        assert call(f"/api/v1/partners/{ada}/promotion-codes").status_code == 404


def test_another_owners_partner_is_not_credited(owner: Caller, sale: Sale) -> None:
    for partner_id in (ids.encode("par", ids.new()), "ada", ""):
        order = {"partner_id": partner_id, "reason": "because"}
        answer = owner.post(f"/api/v1/payments/{sale.payment_id}/attribution", order)
        assert (answer.status_code, answer.json["error"]["code"]) == (404, "partner_not_found")


def test_decisions_need_a_key_with_permission(
    reader: Caller, caller_of: MakeCaller, merchant: Merchant, sale: Sale
) -> None:
    order = {"partner_id": None, "reason": "because"}
    path = f"/api/v1/payments/{sale.payment_id}/attribution"
    assert reader.post(path, order).status_code == 403
    assert caller_of(merchant, "manage", "payments:read").post(path, order).status_code == 403


def test_an_assignment_requires_a_partner_and_a_reason(owner: Caller, sale: Sale) -> None:
    path = f"/api/v1/payments/{sale.payment_id}/attribution"
    for body in ({"reason": "because"}, {"partner_id": None}, {"partner_id": 5, "reason": "because"}):
        assert owner.post(path, body).status_code == 400


def test_a_promotion_that_is_not_the_partners_cannot_be_taken_away(owner: Caller, merchant: Merchant) -> None:
    given = owner.post(
        f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}/promotion-codes",
        {"code": "X", "existing": True},
    )
    ben = ids.encode("par", merchant.partners["ben"])
    for promotion_id in (given.json["id"], ids.encode("prm", ids.new()), "X"):
        answer = owner.call("DELETE", f"/api/v1/partners/{ben}/promotion-codes/{promotion_id}")
        assert (answer.status_code, answer.json["error"]["code"]) == (404, "promotion_code_not_found")
