"""The queue of due events: who is in it, and what leaving it writes."""

from sqlalchemy import text

from app import db
from app.integrity import verify
from app.stripe_events import inbox
from tests.conftest import Deliver, Drain
from tests.faults.conftest import event_of_type

MANY = 40


def test_processing_events_adds_no_index_entry(deliver: Deliver, drain: Drain) -> None:
    deliver([event_of_type("test.unknown") for _ in range(MANY)])
    assert due() == MANY
    updates_before, heap_only_before = event_updates()
    drain()
    assert due() == 0
    updates, heap_only = event_updates()
    assert (updates - updates_before, heap_only - heap_only_before) == (MANY, MANY)


def test_an_event_without_an_outcome_that_is_not_due_is_found(deliver: Deliver) -> None:
    event = event_of_type("test.unknown")
    deliver([event])
    assert breaches() == []
    with db.transaction() as session:
        session.execute(text("DELETE FROM due_events"))
    assert breaches() == [f"event {event['id']}"]


def test_an_event_of_the_wrong_mode_is_never_made_due(deliver: Deliver) -> None:
    deliver([event_of_type("test.unknown")])
    with db.transaction() as session:
        refused = text("""
            UPDATE stripe_events SET is_wrong_mode = true, outcome = 'wrong_mode', processed_at = now() RETURNING id
        """)
        event_ids = session.scalars(refused).all()
        session.execute(text("DELETE FROM due_events"))
        inbox.make_due(session, event_ids)
    assert due() == 0


def event_updates() -> tuple[int, int]:
    """The updates of events since the database was made, and the heap-only ones among them."""
    with db.transaction() as session:
        session.execute(text("SELECT pg_stat_force_next_flush()"))
    with db.transaction() as session:
        query = text("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'stripe_events'")
        updates, heap_only = session.execute(query).one()
    return updates, heap_only


def due() -> int:
    with db.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM due_events")) or 0


def breaches() -> list[str]:
    with db.transaction() as session:
        return [breach.what for breach in verify.verify(session)]
