"""Work of one mode that is behind or unfinished changes nothing of the other mode, and what is shown names the mode."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app import db, ids
from app.config import Settings
from app.explanations import explain
from app.organizations import keys
from app.payments.waiting import waiting_list
from app.stripe_events import inbox
from app.stripe_events.endpoints.rows import insert_endpoint
from app.stripe_events.scope import Scope
from app.stripe_sync import runs
from app.stripe_sync.lookups import LookupRequest
from tests.api.conftest import Caller
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, deliver_to
from tests.maturing import clock
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks, Purchase
from tests.stripe_stories.families import CLOVER

MODES = pytest.mark.parametrize("livemode", [False, True], ids=["test", "live"])
TOMORROW = timedelta(days=1)


@pytest.fixture
def deliver_live(application: Flask, merchant: Merchant, settings: Settings) -> Deliver:
    """Store events that come through the shop's endpoint for live mode."""
    with db.transaction() as session:
        owner = merchant.organization_id
        made = insert_endpoint(session, owner, livemode=True, secrets=["whsec_live"], settings=settings)
    return deliver_to(application, ids.encode(ids.STRIPE_ENDPOINT, made.id))


@pytest.fixture
def sold(deliver: Deliver, deliver_live: Deliver, drain: Drain) -> dict[bool, Purchase]:
    """A sale in each mode under the same ids, 49.00 test and 30.00 live; the holdback of both has ended."""
    test = Customer(CLOVER, Marks(subscription="ada"))
    live = Customer(CLOVER, Marks(subscription="ada"), livemode=True, token=test.token)
    found = {False: test.subscribes(Bill(net_minor=4900)), True: live.subscribes(Bill(net_minor=3000))}
    deliver(found[False].events)
    deliver_live(found[True].events)
    drain()
    return found


def approved_modes(now: datetime) -> list[bool]:
    """The modes that the clock approves a commission of at this moment."""
    clock(now)
    with db.transaction() as session:
        return list(session.scalars(text("SELECT livemode FROM commissions WHERE status = 'approved'")))


@MODES
@pytest.mark.usefixtures("sold")
def test_events_that_are_due_in_one_mode_hold_back_no_approval_of_the_other(
    deliver: Deliver, deliver_live: Deliver, livemode: bool
) -> None:
    late = Customer(CLOVER, Marks(subscription="ben"), livemode=livemode).subscribes()
    (deliver_live if livemode else deliver)(late.events)
    assert approved_modes(datetime.now(UTC) + TOMORROW) == [not livemode]


@MODES
@pytest.mark.usefixtures("sold")
def test_a_backfill_of_one_mode_holds_back_no_approval_of_the_other(merchant: Merchant, livemode: bool) -> None:
    with db.transaction() as session:
        runs.request(session, Scope(merchant.organization_id, "", livemode), "backfill", {}, requested_by="tests")
    assert approved_modes(datetime.now(UTC)) == [not livemode]


@MODES
def test_a_run_waits_for_events_of_its_own_mode_only(
    deliver: Deliver, deliver_live: Deliver, merchant: Merchant, livemode: bool
) -> None:
    (deliver_live if livemode else deliver)(Customer(CLOVER, Marks(), livemode=livemode).subscribes().events)
    with db.transaction() as session:
        newest = session.scalar(text("SELECT max(id) FROM stripe_events")) or 0
        is_due = {
            mode: inbox.is_any_untried(session, merchant.organization_id, livemode=mode, up_to=newest)
            for mode in (False, True)
        }
    assert is_due == {livemode: True, not livemode: False}


@MODES
def test_a_look_up_is_made_for_what_waits_in_its_own_mode_only(
    deliver: Deliver, deliver_live: Deliver, drain: Drain, merchant: Merchant, livemode: bool
) -> None:
    """A refund whose payment has not come waits for its charge."""
    customer = Customer(CLOVER, Marks(), livemode=livemode)
    sale = customer.buys()
    (deliver_live if livemode else deliver)(customer.is_refunded(sale, 500).events[:1])
    drain()
    with db.transaction() as session:
        request = LookupRequest(
            *session.execute(
                text("""
            SELECT outcome_details ->> 'look_up', outcome_details ->> 'object_id' FROM stripe_events
            WHERE outcome = 'waiting'
        """)
            ).one()
        )
        awaited = [
            waiting_list.is_awaited(session, merchant.organization_id, request, livemode=livemode)
            for livemode in (False, True)
        ]
    assert awaited == [not livemode, livemode]


def explained(any_id: str) -> dict[str, Any]:
    with db.transaction() as session:
        return explain.explain(session, any_id)


def heads_of(explanation: dict[str, Any]) -> list[str]:
    """The lines that name a mode before anything else."""
    return [line for line in explanation["sentences"] if line.startswith(("Test mode: ", "Live mode: "))]


def test_an_id_that_is_known_in_both_modes_is_explained_under_each(sold: dict[bool, Purchase]) -> None:
    invoice = explained(str(sold[True].invoice))
    customer = explained(sold[True].events[0]["data"]["object"]["customer"])
    worths = ["Test mode: ada has 9.80 USD accrued on it.", "Live mode: ada has 6.00 USD accrued on it."]
    assert heads_of(invoice) == worths
    assert invoice["summary"] == " ".join(worths)
    assert [head[:10] for head in heads_of(customer)] == ["Test mode:", "Live mode:"]
    assert customer["summary"] == " ".join(heads_of(customer))


def test_a_report_of_one_external_id_in_both_modes_is_explained_under_each(
    application: Flask, merchant: Merchant
) -> None:
    for livemode, amount_cents in ((False, 5000), (True, 2000)):
        with db.transaction() as session:
            owner = merchant.organization_id
            _, plaintext = keys.create_key(session, owner, name="key", level="manage", livemode=livemode)
        partner_id = ids.encode("aff", merchant.partners["ada"])
        report = {"affiliate_id": partner_id, "amount_cents": amount_cents, "external_id": "order-1"}
        assert Caller(application, plaintext).post("/api/v1/conversions", report).status_code == 201
    explanation = explained("manual:order-1")
    assert (
        explanation["summary"]
        == "Live mode: ada has 4.00 USD accrued on it. Test mode: ada has 10.00 USD accrued on it."
    )


@pytest.mark.usefixtures("sold")
def test_a_partners_customers_are_counted_in_each_mode(merchant: Merchant) -> None:
    explanation = explained(ids.encode(ids.PARTNER, merchant.partners["ada"]))
    assert explanation["partner"]["bound"] == [{"livemode": True, "customers": 1}, {"livemode": False, "customers": 1}]
    assert "1 customer is credited to it now." in explanation["sentences"]
    assert "1 customer is credited to it now in test mode." in explanation["sentences"]
