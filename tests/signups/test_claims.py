"""Anyone may claim a user any number of times; it takes nothing from a claim that is right, nor from other events."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app import db
from app.signups import checks
from app.signups.models import MOST_CLAIMS
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.journeys.visits import SESSION, Visitor
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks, Purchase
from tests.stripe_stories.families import CLOVER

from .saying import USER, Registry, address_of, bought

FLOOD = 70_000
"""More than the parameters that one statement may have."""

_REPEAT = text("""
    INSERT INTO signups (id, organization_id, program_id, livemode, customer_id, source, session_id, email_mark,
                         occurred_at, cause)
    SELECT gen_random_uuid(), organization_id, program_id, livemode, customer_id, source, session_id || number,
           email_mark, occurred_at, cause
    FROM signups, generate_series(1, :times) AS number
""")
_KEPT = text("SELECT session_id FROM signups ORDER BY id")


def bought_now() -> Purchase:
    """What the user who is claimed buys after the claims."""
    cleo = Customer(CLOVER)
    cleo.now = int(datetime.now(UTC).timestamp())
    return bought(cleo, "client_reference_id", email=address_of(USER))


def test_a_flood_of_claims_of_a_user_stops_neither_the_right_claim_nor_other_events(
    registry: Registry, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    sale, dora = bought_now(), Customer(CLOVER, Marks(subscription="ada"))
    Visitor(merchant).follows("ben", sale.paid_at, days=1)
    registry.claims("e" * 16, "stranger@example.com")
    with db.transaction() as session:
        session.execute(_REPEAT, {"times": FLOOD})
    registry.claims(SESSION, address_of(USER))
    deliver([*sale.events, *dora.subscribes().events])
    drain()
    assert ledger().balances == owed(ben=980, ada=980)


def test_claims_of_a_user_and_address_are_ignored_beyond_the_first_twenty(
    registry: Registry, merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    sale = bought_now()
    Visitor(merchant).follows("ben", sale.paid_at, days=1)
    sessions = [*(f"{number:016}" for number in range(MOST_CLAIMS - 1)), SESSION]
    for session_id in [*sessions, "f" * 16, SESSION]:
        registry.claims(session_id, address_of(USER))
    registry.claims("f" * 16, "other@buyers.example")
    with db.transaction() as session:
        assert session.scalars(_KEPT).all() == [*sessions, "f" * 16]
    deliver(sale.events)
    drain()
    assert ledger().balances == owed(ben=980)


def test_claims_that_are_due_delay_no_sign_up_that_was_stated(registry: Registry) -> None:
    for number in range(3):
        registry.claims(f"{number:016}", "stranger@example.com")
    registry.records("user_of_the_server", partner="ada", email="user@example.com", stripe_id="cus_of_the_user")
    with db.transaction() as session:
        due = checks.lock_due(session, now=datetime.now(UTC) + timedelta(hours=1), limit=2)
        every = checks.lock_due(session, now=datetime.now(UTC) + timedelta(hours=1), limit=10)
    assert [signup.source for signup in due] == ["server", "browser"]
    assert len(every) == 4
