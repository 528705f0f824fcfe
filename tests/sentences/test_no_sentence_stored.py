"""No table holds a sentence: every outcome is a code with numbers, and what a person typed."""

from sqlalchemy import Engine, text

from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.stored_text import texts_stored
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.troubles import DisputeStory


def test_refunds_disputes_waits_limits_and_broken_events_store_codes(
    database: Engine, merchant: Merchant, deliver: Deliver, drain: Drain
) -> None:
    cleo, stranger, misspelt = (
        Customer(CLOVER, Marks(**marks)) for marks in ({"subscription": "ada"}, {}, {"subscription": "jnae"})
    )
    first = cleo.subscribes()
    broken, early = stranger.subscribes().event("invoice.paid"), stranger.is_refunded(stranger.buys(), 500)
    broken["data"]["object"]["currency"] = None
    deliver([*first.events, *misspelt.subscribes().events, *stranger.subscribes().events, early.events[0], broken])
    drain()
    deliver([*cleo.is_refunded(first, 1000).events, DisputeStory(cleo, first).opens(), *cleo.renews(first).events])
    drain()
    with database.connect() as connection:
        outcomes = set(connection.scalars(text("SELECT outcome FROM stripe_events")))
        assert {"accrued", "adjusted", "unattributed", "unknown_code", "waiting", "parked"} <= outcomes
        assert connection.scalars(text("SELECT count(*) FROM journal_entries")).one() >= 2
        assert texts_stored(connection) == []


def test_a_stored_sentence_is_found(database: Engine, merchant: Merchant, deliver: Deliver, drain: Drain) -> None:
    deliver(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
    drain()
    with database.begin() as connection:
        sentence = "20 % of 4900 = 980, rounded half up"
        connection.execute(
            text(
                "UPDATE commissions SET calculation = calculation || jsonb_build_object('formula', CAST(:text AS text))"
            ),
            {"text": sentence},
        )
        assert texts_stored(connection) == [("commissions.calculation.formula", sentence)]
