"""Many drains at one inbox, and those who stand in each other's way: the ledger is that of one drain alone."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app import db
from tests.conftest import Deliver, Tally
from tests.waiting import eventually
from worker.inbox.drain import work_batch

from .conftest import InboxRow, PostingsLock, event_of_type
from .processes import Staff
from .stories import assert_processed_once, customers, events_of, is_settled

MANY = 6
DEADLOCK_SECONDS = 4
"""How long Postgres waits before it looks for a deadlock; ours must be complete by then."""


def drain_with(limit: int) -> int:
    worked = 0
    while claimed := work_batch(limit):
        worked += claimed
    return worked


@pytest.mark.parametrize("drains", [2, MANY])
def test_concurrent_drains_lose_and_double_nothing(deliver: Deliver, tally: Tally, drains: int) -> None:
    """Batches so small that every story is cut across all of them."""
    copies = customers(3 * drains)
    deliver(events_of(copies))
    with ThreadPoolExecutor(drains) as pool:
        worked = list(pool.map(drain_with, range(2, 2 + drains)))
    assert is_settled()
    assert sum(worked) == len(events_of(copies))
    assert_processed_once(copies)
    tally("drains that worked beside others", sum(1 for one in worked if one))


def test_worker_processes_share_a_backlog(deliver: Deliver, staff: Staff, tally: Tally) -> None:
    """Delivered while they work, so that each event may meet any of them."""
    staff.clock()
    for _ in range(3):
        staff.worker()
    copies = customers(12)
    for copy in copies:
        deliver(copy.events)
    eventually(is_settled)
    assert_processed_once(copies)
    tally("events worked by three processes", len(events_of(copies)))


def test_event_locked_by_another_drain_is_skipped(deliver: Deliver, database: Engine, inbox_row: InboxRow) -> None:
    held, free = event_of_type("test.unknown"), event_of_type("test.unknown")
    deliver([held, free])
    with database.connect() as other:
        claim = (
            "SELECT FROM due_events JOIN stripe_events ON id = event_id WHERE stripe_id = :id FOR UPDATE OF due_events"
        )
        other.execute(text(claim), {"id": held["id"]})
        assert work_batch() == 1
        assert inbox_row(free).outcome == "ignored_type"
    assert work_batch() == 1
    assert inbox_row(held).outcome == "ignored_type"


def test_deadlock_is_retried_at_once_and_counts_as_no_attempt(
    deliver: Deliver, owner: Engine, postings_lock: PostingsLock, inbox_row: InboxRow, logged: list[dict[str, Any]]
) -> None:
    """The drain waits for the lock on postings, that session for an event the drain holds; Postgres ends the first."""
    copies = customers(2)
    deliver(events_of(copies))
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(text(f"ALTER DATABASE {name} SET deadlock_timeout = '{DEADLOCK_SECONDS}s'"))
    db.connect(owner.url)
    postings_lock.wait_out_deadlocks()
    postings_lock.lock()
    with ThreadPoolExecutor(1) as pool:
        drained = pool.submit(drain_with, 500)
        postings_lock.wait_until_blocking()
        postings_lock.also_lock("SELECT FROM due_events ORDER BY event_id LIMIT 1 FOR UPDATE")
        postings_lock.release()
        assert drained.result() == len(events_of(copies))
    # On a busy machine the drain may claim its events again before the other session has one: a second deadlock.
    failed = [line for line in logged if line["event"] == "batch_failed"]
    assert {(line["error"], line["action"]) for line in failed} == {("DeadlockDetected", "RETRY_NOW")}
    assert {(row.attempts, row.last_error) for row in map(inbox_row, events_of(copies))} == {(0, None)}
    assert_processed_once(copies)


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03"])
def test_transient_errors_are_retried_for_single_events_as_well(
    deliver: Deliver, owner: Engine, inbox_row: InboxRow, state: str
) -> None:
    """More such failures in a row than a batch has tries: then one by one, and still hardly an attempt is lost."""
    copies = customers(1)
    with owner.begin() as connection:
        connection.execute(
            text(f"""
                CREATE SEQUENCE tries;
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
                    IF nextval('tries') <= 7 THEN RAISE EXCEPTION 'busy' USING ERRCODE = '{state}'; END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON payments FOR EACH ROW EXECUTE FUNCTION refuse();
            """)
        )
    deliver(events_of(copies))
    assert drain_with(500) == len(events_of(copies))
    assert {row.last_error for row in map(inbox_row, events_of(copies))} == {None}
    assert max(row.attempts for row in map(inbox_row, events_of(copies))) == 1
    assert_processed_once(copies)


def test_fork_does_not_close_the_parents_connections(database: Engine) -> None:
    """A forked child shares the parent's sockets; whatever it does, the parent's transaction goes on."""
    with db.transaction() as session:
        ours = session.scalar(text("SELECT pg_backend_pid()"))
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            _note_own_backend(writing)
        os.close(writing)
        with os.fdopen(reading) as reader_end:
            theirs = reader_end.read()
        assert os.waitpid(child, 0)[1] == 0
        assert theirs.isdigit()
        assert int(theirs) != ours
        assert session.scalar(text("SELECT pg_backend_pid()")) == ours
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def _note_own_backend(writing: int) -> None:
    """In the child: use the database, close everything, and end without the parent's exit hooks."""
    status = 1
    try:
        with db.transaction() as session:
            os.write(writing, str(session.scalar(text("SELECT pg_backend_pid()"))).encode())
        db.disconnect()
        status = 0
    finally:
        os._exit(status)
