"""A partner's code typed at checkout credits the partner, whatever is learned first and wherever Stripe says it."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app import db, ids
from app.organizations import keys
from tests import books
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories import promotions
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks, Purchase
from tests.stripe_stories.families import ACACIA, CLOVER, Family
from tests.stripe_stories.promotions import Coupon, Discount, PromotionCode

from .conftest import Meet

pytestmark = pytest.mark.usefixtures("only_codes_are_stored")

Api = Callable[..., dict]

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Sale:
    """A subscription bought with a promotion code, and every event that has to do with it."""

    cleo: Customer
    first: Purchase
    code: PromotionCode
    events: list[Event]

    def event(self, event_type: str) -> Event:
        """The first event of this type."""
        return next(event for event in self.events if event["type"] == event_type)


def sell(cleo: Customer, *, code_marker: str | None = None, coupon_marker: str | None = None) -> Sale:
    """The story: a coupon, a code for it, and Cleo who types the code at checkout."""
    made_at = cleo.now
    coupon = Coupon(cleo.ids.fresh("SPRING"), made_at, marker=coupon_marker)
    code = PromotionCode(cleo.ids.fresh("promo"), f"Take10{cleo.token}", coupon, made_at, marker=code_marker)
    first = cleo.subscribes()
    discount = Discount(
        cleo.ids.fresh("di"), coupon, cleo.id, first.paid_at, promotion_code=code, subscription=first.subscription
    )
    for event in first.events:
        _say_discount(cleo.family, event, discount)
    coupon_document = promotions.coupon(coupon, livemode=False)
    code_document = promotions.promotion_code(cleo.family, code, livemode=False)
    discount_document = promotions.discount(cleo.family, discount, livemode=False)
    events = [
        cleo.event("coupon.created", coupon_document, made_at),
        cleo.event("promotion_code.created", code_document, made_at),
        cleo.event("customer.discount.created", discount_document, first.paid_at),
        *first.events,
    ]
    return Sale(cleo, first, code, events)


def _say_discount(family: Family, event: Event, discount: Discount) -> None:
    """Write the discount where documents of this shape have it."""
    document = event["data"]["object"]
    code = discount.promotion_code
    if event["type"] == "checkout.session.completed":
        document["discounts"] = [{"coupon": None, "promotion_code": code.id if code else None}]
    elif event["type"].startswith("invoice.") and family.names_links:
        document["discount"] = promotions.discount(family, discount, livemode=False)
        document["discounts"] = [discount.id]
    elif event["type"].startswith("invoice."):
        document["discounts"] = [discount.id]
        document["total_discount_amounts"] = [{"amount": 490, "discount": discount.id}]
    elif event["type"] == "customer.subscription.created":
        document["discounts"] = [discount.id]


@pytest.fixture
def owner_key(merchant: Merchant) -> dict[str, str]:
    with db.transaction() as session:
        _, plaintext = keys.create_key(session, merchant.organization_id, name="tests", level="manage")
    return {"Authorization": f"Bearer {plaintext}"}


@pytest.fixture
def promotions_of(client: FlaskClient, merchant: Merchant, owner_key: dict[str, str]) -> Callable[[str], str]:
    """The path of a partner's promotion codes."""
    return lambda code: f"/api/v1/partners/{ids.encode('par', merchant.partners[code])}/promotion-codes"


@pytest.fixture
def give(client: FlaskClient, owner_key: dict[str, str], promotions_of: Callable[[str], str]) -> Api:
    """Give a partner a promotion: `give("ada", code="TAKE10")`."""

    def give(partner: str, **promotion: str) -> dict:
        answer = client.post(promotions_of(partner), json={**promotion, "existing": True}, headers=owner_key)
        assert answer.status_code == 201, answer.text
        return dict(answer.json or {})

    return give


@pytest.fixture
def take_away(client: FlaskClient, owner_key: dict[str, str], promotions_of: Callable[[str], str]) -> Api:
    def take_away(partner: str, given: dict) -> dict:
        answer = client.delete(f"{promotions_of(partner)}/{given['id']}", headers=owner_key)
        assert answer.status_code == 200, answer.text
        return dict(answer.json or {})

    return take_away


@pytest.mark.parametrize("marked", ["code_marker", "coupon_marker"])
@pytest.mark.parametrize("without", ["checkout.session.completed", "customer.discount.created"])
def test_a_partner_named_on_a_code_or_its_coupon_is_credited(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, marked: str, without: str
) -> None:
    sale = sell(meet(), **{marked: "ada"})
    deliver(event for event in sale.events if event["type"] != without)
    drain()
    assert ledger().balances == owed(ada=980)


FACTS = ("coupon.created", "promotion_code.created", "customer.discount.created", "invoice.paid")


@pytest.mark.parametrize("order", list(permutations(FACTS)), ids=" ".join)
def test_order_of_facts_does_not_change_the_credited_partner(
    deliver: Deliver, drain: Drain, ledger: Ledger, order: tuple[str, ...]
) -> None:
    """The invoice names a discount, the discount a code, the code a coupon, and only the coupon the partner."""
    sale = sell(Customer(CLOVER), coupon_marker="ada")
    discount = sale.event("customer.discount.created")["data"]["object"]
    discount["source"] = {"coupon": None, "type": "coupon"}
    discount["subscription"], discount["invoice"] = None, sale.first.invoice
    for event_type in order:
        deliver([sale.event(event_type)])
        drain()
    assert ledger().balances == owed(ada=980)


def test_code_is_the_weakest_carrier(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = meet(customer="ben")
    appeared = cleo.appears()
    sale = sell(cleo, code_marker="ada")
    deliver([*sale.events, appeared])
    drain()
    assert ledger().balances == owed(ben=980)


def test_a_promotion_code_comes_before_its_coupon(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    sale = sell(meet(), code_marker="ada", coupon_marker="ben")
    deliver(sale.events)
    drain()
    assert ledger().balances == owed(ada=980)


def test_renewals_go_to_the_partner_whose_code_was_used_once(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    sale = sell(meet(), code_marker="ada")
    deliver([*sale.events, *sale.cleo.renews(sale.first).events])
    drain()
    assert ledger().balances == owed(ada=1960)


@pytest.mark.parametrize("kind", ["promotion_code", "coupon", "code"])
def test_a_promotion_given_to_a_partner_later_credits_what_was_bought_with_it(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, give: Api, kind: str
) -> None:
    sale = sell(now(meet()))
    deliver(sale.events)
    drain()
    assert ledger().balances == {}
    named = {"promotion_code": sale.code.id, "coupon": sale.code.coupon.id, "code": f" {sale.code.code.upper()} "}
    give("ada", **{kind: named[kind]})
    assert ledger().balances == owed(ada=980)
    assert [line.outcome for line in ledger().payments] == ["accrued"]


def test_a_promotion_given_before_credits_as_one_given_later(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, give: Api
) -> None:
    sale = sell(now(meet()))
    give("ada", promotion_code=sale.code.id)
    deliver(sale.events)
    drain()
    assert ledger().balances == owed(ada=980)


def test_a_promotion_given_today_leaves_what_was_paid_before_the_window(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, give: Api
) -> None:
    cleo = now(meet(), days_ago=45)
    sale = sell(cleo)
    renewal = cleo.renews(sale.first)
    deliver([*sale.events, *renewal.events])
    drain()
    give("ada", promotion_code=sale.code.id)
    assert ledger().balances == owed(ada=980)
    assert sorted(line.outcome for line in ledger().payments) == ["accrued", "unattributed"]


def test_promotion_removed_at_once_credits_no_partner(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, give: Api, take_away: Api
) -> None:
    sale = sell(now(meet()))
    deliver(sale.events)
    drain()
    given = give("ada", promotion_code=sale.code.id)
    take_away("ada", given)
    assert ledger().balances == {}
    give("ben", promotion_code=sale.code.id)
    assert ledger().balances == owed(ben=980)


def test_a_promotion_taken_away_leaves_what_was_earned_before_the_window(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, give: Api, take_away: Api
) -> None:
    cleo = now(meet(), days_ago=100)
    sale = sell(cleo)
    given = give("ada", promotion_code=sale.code.id)
    _was_given(given, days_ago=120)
    deliver([*sale.events, *cleo.renews(sale.first).events])
    drain()
    take_away("ada", given)
    assert ledger().balances == owed(ada=1960)


def test_a_promotion_belongs_to_one_partner(
    client: FlaskClient, owner_key: dict[str, str], promotions_of: Callable[[str], str], give: Api
) -> None:
    given = give("ada", code="TAKE10")
    assert give("ada", code="take10")["id"] == given["id"]
    answer = client.post(promotions_of("ben"), json={"code": "Take10", "existing": True}, headers=owner_key)
    assert (answer.status_code, (answer.json or {})["error"]["code"]) == (409, "promotion_code_taken")
    listed = client.get(promotions_of("ada"), headers=owner_key)
    assert [row["code"] for row in (listed.json or {})["data"]] == ["take10"]


@pytest.mark.parametrize("body", [{}, {"code": "a", "coupon": "b"}, {"code": " "}], ids=["none", "two", "empty"])
def test_assigning_a_promotion_requires_exactly_one_id(
    client: FlaskClient, owner_key: dict[str, str], promotions_of: Callable[[str], str], body: dict[str, str]
) -> None:
    assert client.post(promotions_of("ada"), json={**body, "existing": True}, headers=owner_key).status_code == 400


def test_a_marker_on_a_discounted_sale_of_a_stranger_to_us_is_shown_as_unknown(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    deliver(sell(meet(), code_marker="nobody").events)
    drain()
    assert [line.outcome for line in ledger().payments] == ["unknown_code"]


def test_discount_in_an_unknown_form_is_ignored(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    """The old shape may list discounts in full, in part, or in an unknown form."""
    sale = sell(Customer(ACACIA, Marks(subscription="ben")), code_marker="ada")
    for strange in ([None, 7, {"id": 5}, []], {"id": "di_x"}, "di_x"):
        event = {**sale.event("invoice.paid"), "id": sale.cleo.ids.fresh("evt")}
        document = {**event["data"]["object"], "discounts": strange, "total_discount_amounts": strange}
        deliver([{**event, "data": {"object": document}}])
    deliver(sale.events)
    drain()
    assert ledger().balances == owed(ben=980)
    with db.transaction() as session:
        assert books.read_all(session)
        assert session.scalar(text("SELECT count(*) FROM stripe_events WHERE outcome = 'parked'")) == 0


def now(cleo: Customer, *, days_ago: int = 2) -> Customer:
    """Cleo, who does what she does these days: what is given today is dated today."""
    with db.transaction() as session:
        today = int(session.scalar(text("SELECT extract(epoch FROM now())")) or 0)
    cleo.now = today - days_ago * DAY_SECONDS
    return cleo


def _was_given(given: dict, *, days_ago: int) -> None:
    """Let a gift be an old one."""
    with db.transaction() as session:
        session.execute(
            text("UPDATE partner_promotions SET created_at = now() - make_interval(days => :days) WHERE id = :id"),
            {"days": days_ago, "id": ids.decode(given["id"], ids.PROMOTION)},
        )
