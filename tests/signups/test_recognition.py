"""A user who signed up is recognized when Stripe knows the customer, in each way, whatever arrives first."""

from itertools import permutations

from app import db
from tests import books
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

from .saying import WAYS, Registry, bought, only, signed_up_at, stated_by

BESIDE = {"checkout.session.completed": ("customer.subscription.created",)}
ACTS = ("sign-up", "customer.created", "checkout.session.completed", "invoice.paid")


def test_the_order_of_sign_up_and_events_changes_nothing(
    registry: Registry, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """In every order and by every way Ada's sign-up comes before Ben's name on the Stripe customer."""
    orders = list(permutations(ACTS))
    for number, order in enumerate(orders):
        cleos = {way: Customer(CLOVER, Marks(customer="ben")) for way in WAYS}
        sales = {way: bought(cleo, way, user=f"{way}-{number}") for way, cleo in cleos.items()}
        for act in order:
            if act == "sign-up":
                for way, cleo in cleos.items():
                    stated = stated_by(way, cleo, f"{way}-{number}")
                    registry.says(partner="ada", occurred_at=signed_up_at(sales[way]), **stated)
            else:
                deliver(event for sale in sales.values() for event in only(sale.events, *BESIDE.get(act, ()), act))
                drain()
        with db.transaction() as session:
            owing = {way: books.read(session, cleo.token).balances for way, cleo in cleos.items()}
        assert owing == dict.fromkeys(WAYS, owed(ada=980)), order
    assert ledger().balances == owed(ada=980 * len(WAYS) * len(orders))
