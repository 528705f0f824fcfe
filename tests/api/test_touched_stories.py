"""A touchpoint's story as the owner reads it, and as the owner's decisions settle it again."""

from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.journeys.visits import SESSION, Visitor, with_session
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks, Purchase
from tests.stripe_stories.families import CLOVER

from .conftest import Caller


def _sale(merchant: Merchant, deliver: Deliver, drain: Drain, *, days: float) -> Purchase:
    sale = with_session(Customer(CLOVER, Marks(subscription="ada")).subscribes())
    Visitor(merchant).follows("ben", sale.paid_at, days=days)
    deliver(sale.events)
    drain()
    return sale


def test_an_explanation_shows_which_visit_was_credited(
    merchant: Merchant, owner: Caller, deliver: Deliver, drain: Drain
) -> None:
    sale = _sale(merchant, deliver, drain, days=3)
    (payment,) = owner.get("/api/v1/payments").json["data"]
    story = owner.get(f"/api/v1/payments/{payment['id']}/explanation").json
    note = story["attribution"]
    assert (note["carrier"], note["partner_code"], note["session_id"]) == ("touchpoint", "ben", SESSION)
    assert note["touchpoint_id"].startswith("tch_")
    assert note["evident_at"] < payment["occurred_at"]
    assert note["field_path"].endswith(".affiliate_session_id")
    assert f"names session {SESSION}" in " ".join(story["sentences"])
    assert sale.invoice is not None


def test_a_visit_outside_the_window_is_shown_as_unattributed_money(
    merchant: Merchant, owner: Caller, deliver: Deliver, drain: Drain
) -> None:
    _sale(merchant, deliver, drain, days=31)
    (payment,) = owner.get("/api/v1/payments", attributed="false").json["data"]
    assert payment["outcome"] == "outside_window"


def test_deciding_a_touched_conversion_settles_it_under_row_level_security(
    merchant: Merchant, owner: Caller, deliver: Deliver, drain: Drain
) -> None:
    _sale(merchant, deliver, drain, days=3)
    Visitor(merchant).follows("dan", 0)  # not seen by any decision yet
    (conversion,) = owner.get("/api/v1/conversions").json["data"]
    program_id = conversion_program(owner)
    path = f"/v1/admin/affiliate/programs/{program_id}/conversions/{conversion['id']}"
    for decision in ("approve", "reject"):
        answer = owner.post(f"{path}/{decision}", {"reason": "checked"})
        assert answer.status_code == 200, answer.text
    (commission,) = owner.get("/api/v1/commissions").json["commissions"]
    assert (commission["status"], commission["reversedAmount"]) == ("reversed", commission["amount"])


def conversion_program(owner: Caller) -> str:
    (program,) = owner.get("/v1/admin/affiliate/programs").json["data"]
    return str(program["id"])
