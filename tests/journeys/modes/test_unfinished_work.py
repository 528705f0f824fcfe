"""Work of one mode that is behind or unfinished changes nothing of the other mode, and what is shown names the mode."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app import db
from app.payments.waiting import waiting_list
from app.stripe_events import inbox
from app.stripe_events.scope import Scope
from app.stripe_sync import runs
from app.stripe_sync.lookups import LookupRequest
from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.maturing import clock
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

from .conftest import MODES

TOMORROW = timedelta(days=1)


def approved_modes(now: datetime) -> list[bool]:
    """The modes that the clock approves a commission of at this moment."""
    clock(now)
    with db.transaction() as session:
        return list(session.scalars(text("SELECT livemode FROM commissions WHERE status = 'approved'")))


@MODES
@pytest.mark.usefixtures("sale_of")
def test_events_that_are_due_in_one_mode_hold_back_no_approval_of_the_other(
    deliver: Deliver, deliver_live: Deliver, livemode: bool
) -> None:
    late = Customer(CLOVER, Marks(subscription="ben"), livemode=livemode).subscribes()
    (deliver_live if livemode else deliver)(late.events)
    assert approved_modes(datetime.now(UTC) + TOMORROW) == [not livemode]


@MODES
@pytest.mark.usefixtures("sale_of")
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
        waiting = text("""
            SELECT outcome_details ->> 'look_up', outcome_details ->> 'object_id' FROM stripe_events
            WHERE outcome = 'waiting'
        """)
        request = LookupRequest(*session.execute(waiting).one())
        awaited = [
            waiting_list.is_awaited(session, merchant.organization_id, request, livemode=livemode)
            for livemode in (False, True)
        ]
    assert awaited == [not livemode, livemode]
