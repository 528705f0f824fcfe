"""Whatever happens to a payment, in whatever order it is told: what is posted equals what it is worth."""

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import db
from tests import books
from tests.conftest import Deliver, Drain, assert_ledger_sound
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Marks
from tests.stripe_stories.families import ACACIA, CLOVER, ENDIVE

from .oracle import Returned, expected_books

pytestmark = pytest.mark.proof

IN_ONE_DATABASE = settings(
    max_examples=settings.default.max_examples // 4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""Every example has ids of its own, so that one database serves them all."""
FEWER = settings(IN_ONE_DATABASE, max_examples=IN_ONE_DATABASE.max_examples // 5)
"""For what looks at the whole database each time."""

_HISTORY = text("SELECT entry_id, line, account_id, amount_minor FROM postings ORDER BY entry_id, line")

_MAKE_DUE_AGAIN = text(
    "UPDATE stripe_events SET processed_at = NULL, outcome = NULL WHERE strpos(stripe_id, :token) > 0"
)


@dataclass(frozen=True)
class History:
    """A story, its events in the order and the batches they come in, and what went back for good."""

    customer: Customer
    batches: list[list[Event]]
    expected: books.Books


BILLS = st.builds(
    Bill,
    net_minor=st.integers(1, 10**7),
    tax_minor=st.integers(0, 10**6),
    tax_inclusive=st.booleans(),
    currency=st.sampled_from(["usd", "jpy", "kwd"]),
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A sale of any kind with up to four refunds, some of which fail, shuffled and cut into batches."""
    cleo = Customer(
        draw(st.sampled_from([ACACIA, CLOVER, ENDIVE])),
        draw(st.sampled_from([Marks(subscription="ada"), Marks(payment="ben"), Marks(session="ada", customer="ben")])),
    )
    bill = draw(BILLS)
    sale = cleo.buys(bill, invoiced=draw(st.booleans())) if cleo.marks.payment else cleo.subscribes(bill)
    events, returned = list(sale.events), []
    for amount_minor in draw(st.lists(st.integers(1, bill.total_minor), max_size=4)):
        refund = cleo.is_refunded(sale, amount_minor, pending=draw(st.booleans()))
        events += refund.events
        if draw(st.booleans()):
            events += refund.failure
        else:
            returned.append(Returned(sale, amount_minor))
    told = draw(st.permutations(events))
    cuts = sorted(draw(st.lists(st.integers(0, len(told)), max_size=5)))
    batches = [told[start:end] for start, end in zip([0, *cuts], [*cuts, len(told)], strict=True)]
    return History(cleo, batches, expected_books([sale], returned))


@IN_ONE_DATABASE
@given(history=histories())
def test_the_books_end_where_the_facts_say(history: History, deliver: Deliver, drain: Drain) -> None:
    for batch in history.batches:
        deliver(batch)
        drain()
    with db.transaction() as session:
        book = books.read(session, history.customer.token)
    assert (book.balances, book.commissions) == (history.expected.balances, history.expected.commissions)
    assert_ledger_sound()


@FEWER
@given(history=histories())
def test_what_was_posted_once_stays_as_it_was(history: History, deliver: Deliver, drain: Drain) -> None:
    for batch in history.batches:
        with db.transaction() as session:
            before = session.execute(_HISTORY).all()
        deliver(batch)
        drain()
        with db.transaction() as session:
            after = session.execute(_HISTORY).all()
        assert set(before) <= set(after)


@FEWER
@given(history=histories())
def test_working_everything_again_posts_nothing(history: History, deliver: Deliver, drain: Drain) -> None:
    for batch in history.batches:
        deliver(batch)
    drain()
    with db.transaction() as session:
        before = session.execute(_HISTORY).all()
        session.execute(_MAKE_DUE_AGAIN, {"token": history.customer.token})
    drain()
    with db.transaction() as session:
        assert session.execute(_HISTORY).all() == before
