"""Money given back outside Stripe, of conversions that were reported and of Stripe's own."""

from itertools import permutations
from typing import Any

from werkzeug.test import TestResponse

from app import db
from app.payments import our_records
from app.stripe_events.scope import Scope
from tests import cast
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks, Purchase
from tests.stripe_stories.families import CLOVER

from .conftest import Meet
from .desk import Desk, pay_out


def report(desk: Desk, **more: Any) -> str:
    """A conversion of 49.00 that Ada brought, reported; gives its id."""
    body = {"affiliate_id": desk.partner("ada"), "amount_cents": 4900, **more}
    answer = desk.client.post("/api/v1/conversions", json=body, headers=desk.headers)
    assert answer.json is not None
    return str(answer.json["id"])


def give_back(desk: Desk, conversion: str, amount_minor: int, external_id: str | None = None) -> TestResponse:
    body = {"amount_cents": amount_minor, **({"external_id": external_id} if external_id else {})}
    return desk.client.post(f"/api/v1/conversions/{conversion}/refunds", json=body, headers=desk.headers)


def conversion_of(desk: Desk, sale: Purchase) -> str:
    """The id of the conversion that a sale's payment made."""
    answer = desk.client.get("/api/v1/conversions", headers=desk.headers)
    assert answer.json is not None
    [found] = [row for row in answer.json["data"] if row["stripeInvoiceId"] == sale.invoice or not sale.invoice]
    return str(found["id"])


def test_partial_return_reverses_the_same_share(desk: Desk, ledger: Ledger) -> None:
    conversion = report(desk)
    answer = give_back(desk, conversion, 1000, "r1")
    assert (answer.status_code, answer.json) == (
        201,
        {
            "id": answer.json["id"],
            "conversionId": conversion,
            "amountCents": 1000,
            "currency": "usd",
            "externalId": "r1",
            "returnedCents": 1000,
            "commissionCents": 780,
            "createdAt": answer.json["createdAt"],
        },
    )
    assert ledger().balances == owed(ada=780)


def test_refunds_in_any_order_and_repeated_end_the_same(desk: Desk, ledger: Ledger) -> None:
    parts = {"r1": 1000, "r2": 1633, "r3": 2267}
    for order in permutations(parts):
        conversion = report(desk)
        for name in (*order[:2], order[0], order[2], order[1]):
            assert give_back(desk, conversion, parts[name], name).status_code in {200, 201}
        assert ledger().balances == {}


def test_repeated_refund_report_is_accepted_and_another_amount_is_a_conflict(desk: Desk, ledger: Ledger) -> None:
    conversion = report(desk)
    first = give_back(desk, conversion, 1000, "r1")
    again = give_back(desk, conversion, 1000, "r1")
    assert (again.status_code, again.json) == (200, first.json)
    other = give_back(desk, conversion, 999, "r1")
    assert (other.status_code, other.json["error"]["code"]) == (409, "duplicate_external_id")
    assert give_back(desk, report(desk), 500, "r1").status_code == 201
    assert ledger().balances == owed(ada=780 + 880)


def test_returned_amount_is_at_most_the_collected_amount(desk: Desk, ledger: Ledger) -> None:
    conversion = report(desk)
    assert give_back(desk, conversion, 4000).status_code == 201
    refused = give_back(desk, conversion, 1000)
    assert (refused.status_code, refused.json["error"]["param"]) == (400, "amount_cents")
    assert "9.00 USD" in refused.json["error"]["message"]
    assert give_back(desk, conversion, 900).json["commissionCents"] == 0
    assert give_back(desk, conversion, 1).status_code == 400
    assert ledger().balances == {}


def test_money_outside_stripe_can_be_refunded_if_the_program_counts_it(
    merchant: Merchant, desk: Desk, meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cast.count_outside_money(merchant)
    sale = meet(subscription="ada").subscribes(Bill(out_of_band=True))
    deliver(sale.events)
    drain()
    conversion = conversion_of(desk, sale)
    assert give_back(desk, conversion, 1000).json["commissionCents"] == 780
    assert give_back(desk, conversion, 3901).status_code == 400
    assert give_back(desk, conversion, 3900).json["commissionCents"] == 0
    assert ledger().balances == {}


def test_reported_refund_of_an_invoice_adds_to_stripes_refunds(
    desk: Desk, meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    conversion = conversion_of(desk, first)
    assert give_back(desk, conversion, 1000, "r1").json["commissionCents"] == 780
    deliver(cleo.is_refunded(first, 1000).events)
    drain()
    assert ledger().balances == owed(ada=580)
    assert give_back(desk, conversion, 2901).status_code == 400
    assert give_back(desk, conversion, 2900).json["returnedCents"] == 4900
    deliver(first.events)
    drain()
    assert ledger().balances == {}
    assert "10.00 USD was returned outside Stripe" in desk.explains(first.invoice)


def test_decision_stays_with_the_payment_when_its_invoice_arrives_later(
    desk: Desk, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    sale = Customer(CLOVER, Marks(payment="ada")).buys(invoiced=True, through_session=False)
    intent = [event for event in sale.events if event["type"] == "payment_intent.succeeded"]
    deliver(intent)
    drain()
    answer = desk.client.get("/api/v1/conversions", headers=desk.headers)
    conversion = answer.json["data"][0]["id"]
    assert give_back(desk, conversion, 1000, "r1").status_code == 201
    deliver([event for event in sale.events if event not in intent])
    drain()
    assert ledger().balances == owed(ada=780)
    assert give_back(desk, conversion, 1000, "r1").status_code == 200
    assert ledger().balances == owed(ada=780)


def test_refund_reported_after_the_payout_is_a_debt(
    desk: Desk, meet: Meet, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = meet(subscription="ada").subscribes()
    deliver(first.events)
    drain()
    pay_out(merchant, first.invoice)
    assert give_back(desk, conversion_of(desk, first), 4900).json["commissionCents"] == 0
    assert ledger().balances[("partner_payable", "ada", "usd")] == -980


def test_comparison_with_stripe_includes_reported_refunds(
    desk: Desk, meet: Meet, merchant: Merchant, deliver: Deliver, drain: Drain
) -> None:
    first = meet(subscription="ada").subscribes()
    deliver(first.events)
    drain()
    give_back(desk, conversion_of(desk, first), 1000)
    with db.transaction() as session:
        held = our_records.load_records(session, Scope(merchant.organization_id, "", livemode=False), [first.invoice])
    assert held.payments[f"invoice:{first.invoice}"].is_credited


def test_a_reported_conversion_is_given_to_another_partner_by_hand(desk: Desk, ledger: Ledger) -> None:
    conversion = report(desk, external_id="order-17")
    give_back(desk, conversion, 1000)
    [payment] = desk.sees()
    path = f"/api/v1/payments/{payment['id']}/attribution"
    body = {"partner_id": desk.partner("ben"), "reason": "Ben brought him"}
    assert desk.client.post(path, json=body, headers=desk.headers).status_code == 200
    assert ledger().balances == owed(ben=780)
