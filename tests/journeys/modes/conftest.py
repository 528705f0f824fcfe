"""An endpoint and a key of each mode of the same merchant, and sales through both."""

from collections.abc import Callable

import pytest
from flask import Flask

from app import db
from app.config import Settings
from app.organizations import keys
from tests.api.conftest import Caller
from tests.cast import Merchant, open_endpoint
from tests.conftest import Deliver, Drain, deliver_to
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks, Purchase
from tests.stripe_stories.families import CLOVER

KeyOf = Callable[[bool], Caller]
MODES = pytest.mark.parametrize("livemode", [False, True], ids=["test", "live"])


@pytest.fixture
def deliver_live(application: Flask, merchant: Merchant, settings: Settings) -> Deliver:
    """Store events that come through the shop's endpoint for live mode."""
    return deliver_to(application, open_endpoint(merchant.organization_id, settings, "whsec_live", livemode=True))


@pytest.fixture
def key_of(application: Flask, merchant: Merchant) -> KeyOf:
    """A manage key of the shop, live or test."""

    def make(livemode: bool) -> Caller:
        with db.transaction() as session:
            owner = merchant.organization_id
            _, plaintext = keys.create_key(session, owner, name="key", level="manage", livemode=livemode)
        return Caller(application, plaintext)

    return make


@pytest.fixture
def sold(deliver: Deliver, deliver_live: Deliver, drain: Drain) -> dict[bool, list[Purchase]]:
    """A test sale of 49.00; live sales of 30.00 and 20.00, 10.00 of which go back. Every id is in both modes."""
    test = Customer(CLOVER, Marks(subscription="ada"))
    live = Customer(CLOVER, Marks(subscription="ada"), livemode=True, token=test.token)
    in_test = [test.subscribes(Bill(net_minor=4900))]
    first = live.subscribes(Bill(net_minor=3000))
    in_live = [first, live.renews(first, Bill(net_minor=2000))]
    assert in_test[0].invoice == in_live[0].invoice
    deliver(in_test[0].events)
    deliver_live([*in_live[0].events, *in_live[1].events, *live.is_refunded(in_live[1], 1000).events])
    drain()
    return {False: in_test, True: in_live}


@pytest.fixture
def sale_of(deliver: Deliver, deliver_live: Deliver, drain: Drain) -> dict[bool, Purchase]:
    """A sale in each mode under the same ids, 49.00 test and 30.00 live; the holdback of both has ended."""
    test = Customer(CLOVER, Marks(subscription="ada"))
    live = Customer(CLOVER, Marks(subscription="ada"), livemode=True, token=test.token)
    made = {False: test.subscribes(Bill(net_minor=4900)), True: live.subscribes(Bill(net_minor=3000))}
    deliver(made[False].events)
    deliver_live(made[True].events)
    drain()
    return made
