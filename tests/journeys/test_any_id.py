"""Whatever id a person holds in hand, `explain` knows what to say of it."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app import db, ids
from app.errors import NotFound
from tests.cast import Merchant, enroll
from tests.conftest import Deliver, Drain
from tests.stripe_stories import returns
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Purchase
from tests.stripe_stories.returns import CreditNote, Dispute, Movement

from .conftest import Explained, Meet
from .test_connected_accounts import CONNECTED, of_account


@pytest.fixture
def cleo(meet: Meet) -> Customer:
    return meet(subscription="ada")


@pytest.fixture
def first(cleo: Customer, deliver: Deliver, drain: Drain) -> Purchase:
    purchase = cleo.subscribes()
    deliver(purchase.events)
    drain()
    return purchase


def words(explanation: dict[str, Any]) -> str:
    return " ".join([explanation["summary"], *explanation["sentences"]])


def disputed(cleo: Customer, dispute: Dispute, event_type: str) -> Event:
    return cleo.event(event_type, returns.dispute(dispute, livemode=False), cleo.now)


@pytest.mark.parametrize("kind", ["invoice", "payment_intent", "charge", "session"])
def test_every_object_of_a_payment_explains_the_payment(explained: Explained, first: Purchase, kind: str) -> None:
    explanation = explained(getattr(first, kind))
    assert explanation["kind"] == kind
    assert explanation["summary"] == "ada has 9.80 USD accrued on it."
    assert [payment["payment"]["invoice"] for payment in explanation["payments"]] == [first.invoice]


def test_a_refund_is_explained_with_its_state_and_its_payment(
    explained: Explained, cleo: Customer, first: Purchase, deliver: Deliver, drain: Drain
) -> None:
    back, failing = cleo.is_refunded(first, 1000), cleo.is_refunded(first, 500)
    deliver([*back.events, *failing.events, *failing.failure])
    drain()
    explanation = explained(back.id)
    assert (explanation["kind"], explanation["summary"]) == ("refund", "ada has 7.80 USD accrued on it.")
    assert explanation["sentences"][0] == f"Refund {back.id} of 10.00 USD: succeeded, the money was returned."
    assert f"Refund {failing.id} of 5.00 USD: failed, nothing was returned." in explanation["sentences"]
    assert "In total, 10.00 USD of 49.00 USD was returned." in explanation["sentences"]


def test_a_dispute_is_explained_with_its_funds_and_the_hold(
    explained: Explained, cleo: Customer, first: Purchase, deliver: Deliver, drain: Drain
) -> None:
    opened = Dispute("dp_1", first, 4900, cleo.now, movements=(Movement("txn_1", -4900, cleo.now),))
    deliver([disputed(cleo, opened, "charge.dispute.created")])
    drain()
    explanation = explained("dp_1")
    assert explanation["kind"] == "dispute"
    assert "Dispute dp_1 of 49.00 USD: needs_response, funds withdrawn." in explanation["sentences"]
    assert "Its approval is on hold while the dispute is open." in explanation["sentences"]
    cleo.waits(3600)
    back = Movement("txn_2", 4900, cleo.now)
    won = Dispute("dp_1", first, 4900, cleo.now, status="won", movements=(*opened.movements, back))
    deliver([disputed(cleo, won, "charge.dispute.closed")])
    drain()
    explanation = explained("dp_1")
    assert "Dispute dp_1 of 49.00 USD: won, funds not withdrawn, or reinstated." in explanation["sentences"]
    assert explanation["summary"] == "ada has 9.80 USD accrued on it."
    assert explanation["payments"][0]["disputes"][0]["is_money_out"] is False


def test_a_credit_note_is_explained_with_the_returned_amount(
    explained: Explained, cleo: Customer, first: Purchase, deliver: Deliver, drain: Drain
) -> None:
    note = CreditNote("cn_1", first, cleo.now, out_of_band_minor=500, balance_minor=300)
    document = returns.credit_note(cleo.family, note, livemode=False)
    deliver([cleo.event("credit_note.created", document, cleo.now)])
    drain()
    explanation = explained("cn_1")
    assert "Credit note cn_1: issued, 5.00 USD of it was returned outside Stripe." in explanation["sentences"]
    assert "In total, 5.00 USD of 49.00 USD was returned." in explanation["sentences"]


def test_a_return_without_its_payment_is_explained_with_what_it_waits_for(
    explained: Explained, cleo: Customer, deliver: Deliver, drain: Drain
) -> None:
    refund = cleo.is_refunded(cleo.subscribes(), 1000)
    deliver([refund.events[0]])
    drain()
    explanation = words(explained(refund.id))
    assert "Refund" in explanation
    assert "no payment that it belongs to is known yet" in explanation
    assert "the payment that was refunded or disputed" in explanation


def test_a_customer_is_explained_with_its_binding_and_its_payments(
    explained: Explained, cleo: Customer, first: Purchase, deliver: Deliver, drain: Drain
) -> None:
    deliver(cleo.renews(first).events)
    drain()
    explanation = explained(cleo.id)
    assert explanation["kind"] == "customer"
    assert "credited to ada; 2 payments" in explanation["summary"]
    assert any("by the metadata of the subscription" in sentence for sentence in explanation["sentences"])
    assert sum("9.80 USD accrued" in sentence for sentence in explanation["sentences"]) == 2


def test_a_subscription_is_explained_with_each_payment(
    explained: Explained, cleo: Customer, first: Purchase, deliver: Deliver, drain: Drain
) -> None:
    deliver(cleo.renews(first).events)
    drain()
    explanation = explained(first.subscription)
    numbered = [sentence for sentence in explanation["sentences"] if sentence.startswith("Payment ")]
    assert [sentence.split(" of the subscription")[0] for sentence in numbered] == ["Payment 1", "Payment 2"]
    assert str(first.invoice) in numbered[0]


def test_a_customer_without_a_partner_is_explained_as_such(
    explained: Explained, meet: Meet, deliver: Deliver, drain: Drain
) -> None:
    stranger = meet()
    deliver(stranger.subscribes().events)
    drain()
    explanation = explained(stranger.id)
    assert f"{stranger.id} is credited to no partner." in explanation["sentences"]
    assert "No commission. Paid, but no evidence that counts for this payment" in explanation["summary"]


def test_a_payment_that_earned_nothing_is_explained_with_the_reason(
    explained: Explained, meet: Meet, deliver: Deliver, drain: Drain
) -> None:
    nobodys = meet(subscription="jnae")
    sale = nobodys.subscribes()
    deliver(sale.events)
    drain()
    explanation = explained(sale.invoice)
    assert explanation["summary"] == "No commission. It names jnae, and no partner has that code."
    assert any(sentence.startswith("Its base is 49.00 USD") for sentence in explanation["sentences"])


def test_a_partner_is_explained_with_its_status_and_totals(
    explained: Explained, merchant: Merchant, first: Purchase
) -> None:
    for prefix in ("par", "aff"):
        explanation = explained(ids.encode(prefix, merchant.partners["ada"]))
        assert explanation["summary"] == "ada is a partner of the program Friends, active."
        assert any("It earns 20 %, the program's rate" in sentence for sentence in explanation["sentences"])
        assert (
            "1 commission in USD in test mode: 9.80 USD accrued, 0.00 USD approved, 0.00 USD paid."
            in explanation["sentences"]
        )
        assert explanation["partner"]["earned"][0]["accrued_minor"] == 980


def test_a_customer_with_a_subscription_and_a_single_sale_counts_once(
    explained: Explained, meet: Meet, deliver: Deliver, drain: Drain
) -> None:
    cleo = meet(subscription="ada", payment="ada")
    deliver([*cleo.subscribes().events, *cleo.buys(through_session=False).events])
    drain()
    explanation = explained("ada")
    assert explanation["partner"]["bound"] == [{"livemode": False, "customers": 1}]
    assert "1 customer is credited to it now in test mode." in explanation["sentences"]


def test_a_partner_of_a_program_without_a_landing_page_explains_that_its_links_cannot_be_followed(
    explained: Explained, merchant: Merchant
) -> None:
    partner_id, program_id = ids.encode("par", merchant.partners["ada"]), ids.encode("prog", merchant.program_id)
    warnings = [one for one in explained(partner_id)["sentences"] if "no landing page" in one]
    assert len(warnings) == 1
    assert f"accrual programs change {program_id} --landing-url" in warnings[0]
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET landing_url = 'https://shop.example/'"))
    explanation = explained(partner_id)
    assert explanation["partner"]["landing_url"] == "https://shop.example/"
    assert not any("no landing page" in one for one in explanation["sentences"])


def test_an_inactive_partner_is_explained_to_earn_nothing(explained: Explained, merchant: Merchant) -> None:
    with db.transaction() as session:
        paused = enroll(session, merchant, "paula", status="paused")
    explanation = explained(ids.encode("par", paused))
    assert "New payments earn it nothing while the partner is paused." in explanation["sentences"]
    assert "It has earned nothing yet." in explanation["sentences"]


def test_an_attribution_is_explained_with_its_evidence(explained: Explained, first: Purchase) -> None:
    with db.transaction() as session:
        attribution_id = session.scalars(text("SELECT id FROM attributions LIMIT 1")).one()
    explanation = explained(ids.encode("att", attribution_id))
    assert explanation["kind"] == "attribution"
    assert "ada" in explanation["summary"]


def test_commission_conversion_and_payment_have_the_same_explanation(explained: Explained, first: Purchase) -> None:
    queries = {"com": "commissions", "cnv": "conversions", "pmt": "payments"}
    with db.transaction() as session:
        found = {one: session.scalars(text(f"SELECT id FROM {table}")).one() for one, table in queries.items()}
    stories = [explained(ids.encode(prefix, uuid)) for prefix, uuid in found.items()]
    assert [one["kind"] for one in stories] == ["commission", "conversion", "payment"]
    assert len({tuple(one["sentences"]) for one in stories}) == 1


def test_an_event_of_an_unread_type_is_explained_too(
    explained: Explained, cleo: Customer, deliver: Deliver, drain: Drain
) -> None:
    event = cleo.event("product.created", {"id": "prod_1", "object": "product"}, cleo.now)
    deliver([event])
    drain()
    for any_id in (event["id"], "prod_1"):
        assert "do not concern commissions" in words(explained(any_id))


@pytest.mark.parametrize("unknown", ["in_of_nobody", "nonsense", "", ids.encode("com", UUID(int=7 << 76)), "12345"])
def test_an_unknown_id_is_answered_with_the_kinds_of_ids(
    explained: Explained, merchant: Merchant, unknown: str
) -> None:
    with pytest.raises(NotFound, match=r"com_ commission.*evt_, in_, pi_"):
        explained(unknown)


def test_the_explanation_names_the_account_and_leaves_out_other_accounts(
    explained: Explained, cleo: Customer, first: Purchase, deliver: Deliver, drain: Drain
) -> None:
    refund = cleo.is_refunded(first, 1000)
    deliver(of_account([*first.events, *refund.events]))
    drain()
    explanation = explained(first.invoice)
    assert [stored["account"] for stored in explanation["objects"]] == [None, CONNECTED]
    by_account = {payment["payment"]["account"]: payment for payment in explanation["payments"]}
    assert by_account[None]["refunds"] == []
    assert [refund["amount_cents"] for refund in by_account[CONNECTED]["refunds"]] == [1000]
    for account, one in by_account.items():
        assert {event["account"] for event in one["events"]} == {account}
    assert CONNECTED in by_account[CONNECTED]["sentences"][0]
    assert "test mode" in by_account[None]["sentences"][0]
