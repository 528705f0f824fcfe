"""Approving and rejecting conversions through the API."""

import pytest

from app import ids
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, assert_ledger_sound
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.troubles import DisputeStory

from .conftest import Caller


@pytest.fixture
def cleo() -> Customer:
    return Customer(CLOVER, Marks(subscription="ada"))


@pytest.fixture
def decide(owner: Caller, merchant: Merchant, deliver: Deliver, drain: Drain, cleo: Customer) -> str:
    """The path of a conversion that has accrued 9.80, up to what shall be decided; a dispute of it is open."""
    first = cleo.subscribes()
    deliver((*first.events, DisputeStory(cleo, first).opens()))
    drain()
    [conversion] = owner.get("/api/v1/conversions").json["data"]
    program = ids.encode(ids.PROGRAM, merchant.program_id)
    return f"/v1/admin/affiliate/programs/{program}/conversions/{conversion['id']}"


def test_a_conversion_is_rejected_and_approved_again(owner: Caller, decide: str) -> None:
    rejected = owner.post(f"{decide}/reject", {"reason": "a stolen card"})
    assert (rejected.status_code, rejected.json["status"], rejected.json["commissionCents"]) == (200, "rejected", 0)
    refused = owner.post(f"{decide}/approve")
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "on_hold")
    approved = owner.post(f"{decide}/approve", {"force": True, "reason": "it was hers after all"})
    assert (approved.status_code, approved.json["status"], approved.json["commissionCents"]) == (200, "approved", 980)
    again = owner.post(f"{decide}/approve", {"force": True, "reason": "once more"})
    assert (again.status_code, again.json["error"]["code"]) == (409, "nothing_to_approve")
    assert_ledger_sound()


@pytest.mark.usefixtures("decide")
def test_a_rejected_commission_lists_its_amount_all_of_it_reversed(
    owner: Caller, merchant: Merchant, decide: str
) -> None:
    owner.post(f"{decide}/reject", {"reason": "a stolen card"})
    [commission] = owner.get("/api/v1/commissions").json["commissions"]
    shown = (commission["amount"], commission["reversedAmount"], commission["status"], commission["approvedAt"])
    assert shown == ("9.80", "9.80", "reversed", None)
    story = owner.get(f"/api/v1/commissions/{commission['id']}/explanation").json
    assert "20 % of 49.00 USD, rounded half up, is 9.80 USD." in story["sentences"]
    [explained] = story["commissions"]
    assert (explained["amount_minor"], explained["net_minor"]) == (980, 0)
    ada = owner.get(f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}").json
    assert ada["stats"]["total_earned_cents"] == 0


def test_a_decision_takes_its_reason_and_a_conversion_of_ones_own(owner: Caller, decide: str) -> None:
    assert owner.post(f"{decide}/reject", {}).json["error"]["param"] == "reason"
    assert owner.post(f"{decide}/approve", {"force": True}).json["error"]["param"] == "reason"
    program, _, _ = decide.rpartition("/")
    other = f"{program}/{ids.encode(ids.CONVERSION, ids.new())}"
    assert owner.post(f"{other}/approve").json["error"]["code"] == "conversion_not_found"
