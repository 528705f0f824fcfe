"""The same Stripe ids in the merchant's own account, in connected accounts, live and test: different money."""

from collections.abc import Iterable
from functools import partial

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app import db
from app.config import Settings
from app.payments.waiting import invoice_links
from tests.books import owed
from tests.cast import Merchant, open_endpoint
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks
from tests.stripe_stories.families import CLOVER, Family
from tests.stripe_stories.signing import post_signed

from .conftest import Meet, OutcomeOf

CONNECTED = "acct_1Connected"
LIVE_SECRET = "whsec_live"


def of_account(events: Iterable[Event], account: str = CONNECTED) -> list[Event]:
    """The same events, as a connected account's."""
    return [{**event, "account": account} for event in events]


@pytest.fixture
def deliver_live(client: FlaskClient, merchant: Merchant, settings: Settings) -> Deliver:
    """Post events through a live endpoint of the same shop."""
    path = open_endpoint(merchant.organization_id, settings, LIVE_SECRET, livemode=True)
    return partial(post_signed, client, path, LIVE_SECRET)


def places() -> list[tuple[str, bool, int, int]]:
    """Every live payment: its account, its mode, what was collected and what went back."""
    with db.transaction() as session:
        query = text(
            "SELECT account, livemode, gross_minor, returned_minor FROM payments "
            "WHERE merged_into_id IS NULL ORDER BY account, livemode"
        )
        return [tuple(row) for row in session.execute(query)]  # type: ignore[misc]


def test_the_same_ids_in_two_accounts_and_modes_are_three_payments(
    family: Family, deliver: Deliver, deliver_live: Deliver, drain: Drain, ledger: Ledger
) -> None:
    test = Customer(family, Marks(subscription="ada"))
    live = Customer(family, Marks(subscription="ada"), livemode=True, token=test.token)
    own, lived = test.subscribes(), live.subscribes()
    assert own.invoice == lived.invoice
    deliver(own.events)
    deliver(of_account(own.events))
    deliver_live(lived.events)
    drain()
    assert places() == [("", False, 4900, 0), ("", True, 4900, 0), (CONNECTED, False, 4900, 0)]
    assert ledger().balances == owed(ada=3 * 980)


def test_a_link_in_one_account_joins_nothing_in_another(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    """In one account only the charge is known, in the other only the link to its invoice."""
    cleo = Customer(CLOVER, Marks(payment="ada"))
    sale = cleo.buys(invoiced=True, through_session=False)
    deliver([sale.event("charge.succeeded"), sale.event("payment_intent.succeeded")])
    deliver(of_account([sale.event("invoice.paid"), sale.event("invoice_payment.paid")]))
    drain()
    with db.transaction() as session:
        keys = session.execute(text("SELECT account, split_part(key, ':', 1) FROM payments ORDER BY account")).all()
    assert [tuple(key) for key in keys] == [("", "pi"), (CONNECTED, "invoice")]
    assert ledger().balances == owed(ada=980)


def test_a_refund_in_one_account_takes_nothing_back_in_the_other(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    refund = cleo.is_refunded(first, 4900)
    deliver([*first.events, *of_account(first.events), *of_account(refund.events)])
    drain()
    assert places() == [("", False, 4900, 0), (CONNECTED, False, 4900, 4900)]
    assert ledger().balances == owed(ada=980)


def test_a_refund_waits_for_the_payment_of_its_own_account(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    early = cleo.is_refunded(first, 4900).events[0]
    deliver(of_account([early]))
    deliver(first.events)
    drain()
    assert outcome_of(early) == "waiting"
    assert ledger().balances == owed(ada=980)
    deliver(of_account(first.events))
    drain()
    assert outcome_of(early) != "waiting"
    assert ledger().balances == owed(ada=980)


def test_a_customer_bound_in_one_account_is_unbound_in_the_other(
    family: Family, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    marked = Customer(family, Marks(customer="ada"))
    unmarked = Customer(family, Marks(), token=marked.token)
    deliver([marked.appears(), *marked.subscribes().events])
    unmarked.appears()
    deliver(of_account(unmarked.subscribes().events))
    drain()
    assert ledger().balances == owed(ada=980)
    outcomes = {line.outcome for line in ledger().payments}
    assert outcomes == {"accrued", "unattributed"}


def test_given_up_link_in_one_account_does_not_affect_another_account(deliver: Deliver, drain: Drain) -> None:
    """Both charges wait; only one account's has done so for two days."""
    cleo = Customer(CLOVER, Marks())
    first = cleo.subscribes()
    charge = cleo.renews(first).event("charge.succeeded")
    events = [first.event("customer.subscription.created"), charge]
    deliver([*events, *of_account(events)])
    drain()
    with db.transaction() as session:
        session.execute(
            text("UPDATE payments SET created_at = now() - interval '3 days' WHERE account = :account"),
            {"account": CONNECTED},
        )
        invoice_links.end_overdue_waits(session)
        query = text("SELECT account, outcome FROM stripe_events WHERE stripe_id = :id ORDER BY account")
        outcomes = session.execute(query, {"id": charge["id"]}).all()
    assert [tuple(one) for one in outcomes] == [("", "waiting"), (CONNECTED, "unattributed")]
