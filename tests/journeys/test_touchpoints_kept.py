"""Touchpoints that are committed after their payment was settled, and touchpoints past retention that are dropped."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app import db
from app.commissions.settling import late_touches
from app.commissions.settling.settle import settle_objects
from app.commissions.settling.settlement import Cause
from app.payments import objects
from app.stripe_events.scope import Scope
from app.touchpoints import partitions
from tests import cast
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.due import make_all_due
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks, Purchase
from tests.stripe_stories.families import CLOVER

from .visits import SESSION, Visitor, with_session

NOVEMBER_ENDS = datetime(2026, 11, 30, 23, 59, 59, 999_000, tzinfo=UTC)
Partitions = Callable[[], dict[str, int]]


@pytest.fixture
def visitor(merchant: cast.Merchant) -> Visitor:
    return Visitor(merchant)


@pytest.fixture
def partitions_now(database_url: str) -> Iterator[Partitions]:
    """The partitions with how many rows each holds; read as the owner, because no other role may."""
    address = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:

        def partitions_now() -> dict[str, int]:
            rows = connection.execute("SELECT tableoid::regclass::text, count(*) FROM touchpoints GROUP BY 1")
            held = dict(rows.fetchall())
            names = connection.execute(
                "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'touchpoints'::regclass"
            )
            return {name: held.get(name, 0) for (name,) in names}

        yield partitions_now


def _maintain_partitions(now: datetime, keep_days: int = 400) -> None:
    with db.transaction() as session:
        partitions.maintain_partitions(session, now=now, retention_days=keep_days)


def _settle_late(**later: float) -> None:
    with db.transaction() as session:
        late_touches.settle_late(session, now=datetime.now(UTC) + timedelta(**later))


def _attribute_again(merchant: cast.Merchant, object_ids: list[str]) -> None:
    """Attribute these objects again, as if a new name had been found on them."""
    with db.transaction() as session:
        scope = Scope(merchant.organization_id, "", livemode=False)
        locked = objects.lock(session, scope, object_ids, newly_named=object_ids)
        settle_objects(session, scope, locked, Cause("job:test", datetime.now(UTC)))


def _subscribed() -> tuple[Customer, Purchase]:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    return cleo, with_session(cleo.subscribes())


def test_a_touchpoint_that_commits_after_its_payment_was_worked_still_counts(
    visitor: Visitor, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo, first = _subscribed()
    deliver([*first.events, *cleo.renews(first).events])
    drain()
    assert ledger().balances == owed(ada=1960)
    visitor.follows("ben", first.paid_at, minutes=3)
    _settle_late(seconds=30)
    assert ledger().balances == owed(ada=1960), "too early: others may be about to commit"
    _settle_late(seconds=61)
    assert ledger().balances == owed(ben=1960)


def test_late_touchpoints_of_a_session_are_checked_once(
    visitor: Visitor, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    _, first = _subscribed()
    deliver(first.events)
    drain()
    _settle_late(seconds=61)
    with db.transaction() as session:
        assert session.scalars(text("SELECT count(*) FROM evidence WHERE awaits_touches")).one() == 0
    assert ledger().balances == owed(ada=980)


def test_dropping_the_months_touchpoints_came_in_changes_nothing_that_was_settled(
    merchant: cast.Merchant,
    visitor: Visitor,
    deliver: Deliver,
    drain: Drain,
    ledger: Ledger,
    partitions_now: Partitions,
) -> None:
    cleo, first = _subscribed()
    visitor.follows("dan", first.paid_at, days=20)
    visitor.follows("ben", first.paid_at, days=2)
    deliver(first.events)
    drain()
    long_after = datetime.fromtimestamp(first.paid_at, UTC) + timedelta(days=500)
    _maintain_partitions(long_after)
    assert sum(partitions_now().values()) == 0, "every touchpoint is gone"
    with db.transaction() as session:
        make_all_due(session)
    drain()
    _attribute_again(merchant, [cleo.id, *filter(None, (first.subscription, first.invoice))])
    deliver(cleo.renews(first).events)
    drain()
    assert ledger().balances == owed(ben=1960)


def test_touchpoints_around_the_end_of_a_month_are_stored(
    merchant: cast.Merchant, visitor: Visitor, partitions_now: Partitions
) -> None:
    """December's partition was not made in time: touchpoints go to the default partition, and move when it is made."""
    with db.transaction() as session:
        session.execute(text("SELECT keep_touchpoint_month('2026-11-05')"))
    for milliseconds in (0, -1, -2_000):
        visitor.follows("ada", 0, milliseconds=milliseconds - NOVEMBER_ENDS.timestamp() * 1000)
    assert partitions_now() == {"touchpoints_2026_11": 1, "touchpoints_elsewhen": 2}
    _maintain_partitions(NOVEMBER_ENDS + timedelta(days=1))
    assert partitions_now() == {
        "touchpoints_2026_11": 1,
        "touchpoints_2026_12": 2,
        "touchpoints_2027_01": 0,
        "touchpoints_2027_02": 0,
        "touchpoints_elsewhen": 0,
    }
    visitor.follows("ada", int(NOVEMBER_ENDS.timestamp()), days=-7)
    assert partitions_now()["touchpoints_2026_12"] == 3


def test_a_month_is_dropped_once_all_of_it_is_past_retention(visitor: Visitor, partitions_now: Partitions) -> None:
    visitor.follows("ada", int(NOVEMBER_ENDS.timestamp()))
    _maintain_partitions(NOVEMBER_ENDS)
    _maintain_partitions(NOVEMBER_ENDS + timedelta(days=400))
    assert partitions_now()["touchpoints_2026_11"] == 1
    _maintain_partitions(NOVEMBER_ENDS + timedelta(days=401))
    assert "touchpoints_2026_11" not in partitions_now()


def test_touchpoints_without_a_month_are_dropped_too(visitor: Visitor, partitions_now: Partitions) -> None:
    visitor.follows("ada", int(NOVEMBER_ENDS.timestamp()))
    _maintain_partitions(NOVEMBER_ENDS + timedelta(days=430))
    assert partitions_now()["touchpoints_elsewhen"] == 0


def test_the_worker_can_make_months_and_nothing_else_of_the_schema(merchant: cast.Merchant) -> None:
    for statement in ("CREATE TABLE mine (id int)", "DROP TABLE touchpoints_elsewhen", "DELETE FROM touchpoints"):
        with pytest.raises(Exception, match=r"permission denied|must be owner"), db.transaction() as session:
            session.execute(text(statement))


def test_a_request_sees_the_touchpoints_of_its_own_organizations_alone(
    merchant: cast.Merchant, visitor: Visitor
) -> None:
    visitor.follows("ada", int(NOVEMBER_ENDS.timestamp()))
    count = text("SELECT count(*) FROM touchpoints WHERE session_id = :session_id")
    with db.transaction() as session:
        stranger = cast.open_merchant(session, "Elsewhere")
    for owner, seen in ((merchant.organization_id, 1), (stranger.organization_id, 0)):
        with db.transaction() as session:
            db.narrow_to_organizations(session, [owner], livemode=False)
            assert session.scalars(count, {"session_id": SESSION}).one() == seen
