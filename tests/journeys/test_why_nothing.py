"""Asked why a sale earned nothing, `explain` begins with the reason and says where it looked."""

from typing import Any

import pytest
from sqlalchemy import text

from app import db, ids
from app.errors import NotFound
from app.partners.models import Partner
from app.programs.models import Program
from tests.cast import Merchant, enroll, open_merchant, open_program
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import UNMARKED, Marks
from tests.stripe_stories.families import ACACIA, CLOVER

from .conftest import Explained


def found_in(explanation: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    """What was found in each place, by carrier."""
    (payment,) = explanation["payments"]
    return {one["carrier"]: (one["found"], one["value"]) for one in payment["searched"]}


def test_an_unattributed_invoice_lists_every_place_where_no_name_was_found(
    explained: Explained, deliver: Deliver, drain: Drain
) -> None:
    first = Customer(CLOVER, UNMARKED).subscribes()
    deliver(first.without("checkout.session.completed").events)
    drain()
    explanation = explained(first.invoice)
    assert explanation["summary"].startswith(
        "No commission. Paid, but no evidence that counts for this payment names a partner."
    )
    assert found_in(explanation) == {
        "charge_metadata": ("nothing", None),
        "invoice_metadata": ("nothing", None),
        "subscription_metadata": ("nothing", None),
        "session_metadata": ("no_object", None),
        "customer_metadata": ("not_seen", None),
        "signup": ("nothing", None),
        "promotion_code": ("nothing", None),
    }
    assert f"- the metadata of the invoice {first.invoice}: nothing." in explanation["sentences"]
    assert (
        "- the metadata of the checkout session: unknown, because no checkout session of this payment has arrived."
        in explanation["sentences"]
    )


def test_the_merchants_own_client_reference_is_listed_with_its_value(
    explained: Explained, deliver: Deliver, drain: Drain
) -> None:
    cleo = Customer(CLOVER, Marks(client_reference="user_4711"))
    deliver([cleo.appears(), *cleo.subscribes().events])
    drain()
    found = found_in(explained(cleo.id))
    assert found["client_reference"] == ("no_code", "user_4711")
    assert (found["session_metadata"], found["customer_metadata"]) == (("nothing", None), ("nothing", None))


def test_explanation_of_a_one_time_charge_states_that_its_customer_is_not_used(
    explained: Explained, deliver: Deliver, drain: Drain
) -> None:
    sale = Customer(CLOVER, UNMARKED).buys(through_session=False)
    deliver(sale.events)
    drain()
    assert found_in(explained(sale.charge))["customer_metadata"] == ("not_asked", None)


@pytest.mark.parametrize("days", [-1, 1])
def test_payment_older_than_the_first_terms_uses_the_first_terms(
    explained: Explained, merchant: Merchant, deliver: Deliver, drain: Drain, days: int
) -> None:
    first = Customer(CLOVER, Marks(subscription="ada")).subscribes()
    moved = "UPDATE snapshots SET effective_from = to_timestamp(:paid) + make_interval(days => :days)"
    with db.transaction() as session:
        session.execute(text(moved), {"paid": first.paid_at, "days": days})
    deliver(first.events)
    drain()
    said = " ".join(explained(first.invoice)["sentences"])
    assert ("before the partner had terms: its first terms apply." in said) is (days > 0)


def test_a_payment_that_earns_lists_no_search(explained: Explained, deliver: Deliver, drain: Drain) -> None:
    first = Customer(CLOVER, Marks(subscription="ada")).subscribes()
    deliver(first.events)
    drain()
    assert explained(first.invoice)["payments"][0]["searched"] == []


def test_an_unknown_code_suggests_the_nearest(
    explained: Explained, merchant: Merchant, deliver: Deliver, drain: Drain
) -> None:
    with db.transaction() as session:
        enroll(session, merchant, "jane-smith")
        enroll(session, open_merchant(session, "Another shop"), "jane-smyth")
    first = Customer(CLOVER, Marks(subscription="jane-smyth")).subscribes()
    deliver(first.events)
    drain()
    explanation = explained(first.invoice)
    assert explanation["payments"][0]["nearest_code"] == "jane-smith"
    assert "The nearest known code is jane-smith." in explanation["sentences"]


@pytest.mark.parametrize("mistyped", ["adda", "BEN2"])
def test_unknown_id_shows_the_nearest_code(explained: Explained, merchant: Merchant, mistyped: str) -> None:
    with pytest.raises(NotFound, match=f"nothing was found for '{mistyped}'. The nearest partner's code is (ada|ben)"):
        explained(mistyped)


def test_a_partner_is_found_by_any_code_it_ever_had_and_by_its_address(
    explained: Explained, merchant: Merchant
) -> None:
    for called in ("ada", " ADA ", "ada@partners.example", "Ada@Partners.example"):
        explanation = explained(called)
        assert (explanation["kind"], explanation["partner"]["code"]) == ("partner", "ada")
        assert explanation["summary"] == "ada is a partner of the program Friends, active."


def test_an_address_enrolled_in_two_programs_explains_both(explained: Explained, merchant: Merchant) -> None:
    with db.transaction() as session:
        second = Merchant(merchant.organization_id, open_program(session, merchant, "Agencies"))
        partner = session.get_one(Partner, enroll(session, second, "ada-agency"))
        partner.email = "ada@partners.example"
    explanation = explained("ada@partners.example")
    assert explanation["partner"] is None
    assert [partner["program_name"] for partner in explanation["partners"]] == ["Friends", "Agencies"]


def test_explanation_of_a_program_begins_with_whether_its_partners_earn(
    explained: Explained, merchant: Merchant
) -> None:
    program_id = ids.encode(ids.PROGRAM, merchant.program_id)
    explanation = explained(program_id)
    assert explanation["summary"] == "The program Friends is active: its partners earn 20 %."
    assert explanation["program"]["partners"] == {"active": 3}
    assert "It has no landing page, so its links have no target. Set landing_url." in explanation["sentences"]
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).status = "draft"
    assert explained(program_id)["summary"].startswith("The program Friends is draft, so new payments earn")


def test_a_charge_merged_into_its_invoice_is_not_explained_as_a_second_payment(
    explained: Explained, deliver: Deliver, drain: Drain
) -> None:
    sale = Customer(CLOVER, Marks(payment="ada")).buys(invoiced=True, through_session=False)
    for event in sale.events:
        deliver([event])
        drain()
    explanation = explained(sale.invoice)
    assert [payment["payment"]["invoice"] for payment in explanation["payments"]] == [sale.invoice]
    assert explanation["summary"] == "ada has 9.80 USD accrued on it."


def test_fully_reversed_commission_shows_the_reversed_amount(
    explained: Explained, deliver: Deliver, drain: Drain
) -> None:
    cleo = Customer(ACACIA, Marks(subscription="ada"))
    first = cleo.subscribes()
    deliver([*first.events, *cleo.is_refunded(first, 4900).events])
    drain()
    explanation = explained(first.invoice)
    assert (
        explanation["summary"] == "ada has no commission left on it: 9.80 USD was accrued and all of it was reversed."
    )
    assert "It is worth 0.00 USD now: all 9.80 USD of it was reversed." in explanation["sentences"]
