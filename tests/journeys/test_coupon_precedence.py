"""A link and a promotion code name different partners: the program's setting decides, and both are explained."""

from itertools import permutations

import pytest
from sqlalchemy import text

from app import db, ids
from tests.api.conftest import Caller, caller_of, owner
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

from .test_promotion_codes import Sale, sell
from .visits import Visitor, with_session

__all__ = ["caller_of", "owner"]

FACTS = ("promotion_code.created", "customer.discount.created", "customer.subscription.created", "invoice.paid")


def prefer(merchant: Merchant, precedence: str) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET coupon_precedence = :value"), {"value": precedence})


def both_named(cleo: Customer | None = None) -> Sale:
    """The subscription names Ben; the promotion code that Cleo typed is Ada's."""
    return sell(cleo or Customer(CLOVER, Marks(subscription="ben")), code_marker="ada")


@pytest.mark.parametrize(("precedence", "credited"), [("link", "ben"), ("coupon", "ada")])
@pytest.mark.parametrize("order", list(permutations(FACTS))[::6], ids=" ".join)
def test_the_setting_decides_in_every_order_of_events(
    merchant: Merchant,
    owner: Caller,
    deliver: Deliver,
    drain: Drain,
    ledger: Ledger,
    precedence: str,
    credited: str,
    order: tuple[str, ...],
) -> None:
    prefer(merchant, precedence)
    sale = both_named()
    renewal = sale.cleo.renews(sale.first).event("invoice.paid")
    for event in (*map(sale.event, order), renewal):
        deliver([event])
        drain()
    assert ledger().balances == owed(**{credited: 1960})
    payments = owner.get("/api/v1/payments").json["data"]
    for payment in payments:
        explained = owner.get(f"/api/v1/payments/{payment['id']}/explanation").json
        rival = explained["attribution"]["rival"]
        other = "ada" if credited == "ben" else "ben"
        assert explained["attribution"]["partner_code"] == credited
        assert (rival["partner_code"], rival["coupon_precedence"]) == (other, precedence)
        assert rival["program_id"] == ids.encode("prog", merchant.program_id)
        carrier = "promotion_code" if other == "ada" else "subscription_metadata"
        assert (rival["carrier"], rival["partner_id"]) == (carrier, ids.encode("par", merchant.partners[other]))
        [sentence] = [line for line in explained["sentences"] if "coupon_precedence" in line]
        assert f"{other} ({rival['partner_id']}) is named too" in sentence
        assert f"is {precedence}:" in sentence


@pytest.mark.parametrize(("precedence", "credited"), [("link", "ben"), ("coupon", "ada")])
def test_a_recorded_visit_is_a_link(
    merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, precedence: str, credited: str
) -> None:
    prefer(merchant, precedence)
    sale = both_named(Customer(CLOVER, Marks(subscription="dan")))
    with_session(sale.first)
    Visitor(merchant).follows("ben", sale.first.paid_at, days=1)
    deliver(sale.events)
    drain()
    assert ledger().balances == owed(**{credited: 980})


def test_one_partner_named_by_link_and_promotion_has_no_rival(
    merchant: Merchant, owner: Caller, deliver: Deliver, drain: Drain
) -> None:
    prefer(merchant, "coupon")
    deliver(sell(Customer(CLOVER, Marks(subscription="ada")), code_marker="ada").events)
    drain()
    [payment] = owner.get("/api/v1/payments").json["data"]
    assert owner.get(f"/api/v1/payments/{payment['id']}/explanation").json["attribution"]["rival"] is None


def test_a_promotion_of_no_partner_takes_nothing_from_a_link(
    merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    prefer(merchant, "coupon")
    deliver(sell(Customer(CLOVER, Marks(subscription="ben")), code_marker="nobody").events)
    drain()
    assert ledger().balances == owed(ben=980)
