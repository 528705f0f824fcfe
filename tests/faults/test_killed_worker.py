"""Workers die and are asked to stop in the middle of a batch: nothing is lost, nothing is doubled."""

import json
import os
import signal
import sys

import pytest

from app import jobs
from app.runtime import processes
from app.stripe_events.inbox import MAX_ATTEMPTS
from tests.conftest import Deliver, Tally
from tests.waiting import PATIENCE_SECONDS, eventually
from worker.inbox.drain import WORKER_ENDED

from .conftest import InboxRow, PostingsLock, Valkey, bring_forward, event_of_type
from .habits import clumsy, mortal
from .processes import Staff, await_end, kill_9, listens_for
from .stories import assert_processed_once, customers, events_of, is_settled, is_settled_by_the_clock, unprocessed

DEATHS = 10


def test_a_worker_killed_in_mid_batch_ten_times_loses_and_doubles_nothing(
    deliver: Deliver, staff: Staff, postings_lock: PostingsLock, valkey: Valkey, tally: Tally
) -> None:
    """Each dies while Postgres holds its insert of postings back, its events claimed, nothing committed."""
    all_copies = []
    for _ in range(DEATHS):
        copies = customers(2)
        all_copies += copies
        deliver(events_of(copies))
        postings_lock.lock()
        worker = staff.worker()
        postings_lock.wait_until_blocking()
        in_hand = being_worked(valkey)
        assert in_hand == len(events_of(copies))
        kill_9(worker)
        assert unprocessed() == [event["id"] for event in events_of(copies)]
        postings_lock.release()
        eventually(lambda: postings_lock.other_inbox_locks() == 0)
        tally("events in the hands of workers that were killed", in_hand)
        successor = staff.worker()
        eventually(lambda: is_settled_by_the_clock() and being_worked(valkey) == 0)
        kill_9(successor)
    assert_processed_once(all_copies)


def being_worked(valkey: Valkey) -> int:
    """How many events workers say they have in hand."""
    with valkey.client() as client:
        return int(client.scard(jobs.IN_PROGRESS))


def test_event_that_crashes_workers_is_parked_while_others_settle(
    deliver: Deliver, staff: Staff, inbox_row: InboxRow, tally: Tally
) -> None:
    first, last = customers(2), customers(2)
    deadly = event_of_type("test.deadly")
    deliver([*events_of(first), deadly, *events_of(last)])
    attempts = []
    while inbox_row(deadly).processed_at is None:
        jobs.sweep(jobs.DRAIN)
        worker = staff.worker(mortal)
        eventually(lambda worker=worker: not worker.is_alive() or inbox_row(deadly).processed_at is not None)  # type: ignore[misc]
        attempts.append(inbox_row(deadly).attempts)
        if len(attempts) == 3:  # the first died with the batch, the second alone; the third worked all others first
            assert unprocessed() == [deadly["id"]]
        bring_forward()
    assert attempts == [0, *range(1, MAX_ATTEMPTS + 1), MAX_ATTEMPTS]
    row = inbox_row(deadly)
    assert (row.outcome, row.outcome_details, row.last_error) == ("parked", WORKER_ENDED, WORKER_ENDED)
    assert_processed_once([*first, *last])
    tally("workers that one event killed", len(attempts) - 1)


def test_later_events_are_processed_before_one_that_crashed_a_worker(
    deliver: Deliver, staff: Staff, inbox_row: InboxRow
) -> None:
    deadly = event_of_type("test.deadly")
    deliver([deadly])
    await_end(staff.worker(mortal))
    copies = customers(2)
    deliver(events_of(copies))
    jobs.sweep(jobs.DRAIN)
    await_end(staff.worker(mortal))
    assert unprocessed() == [deadly["id"]]
    assert {inbox_row(event).attempts for event in events_of(copies)} == {0}
    assert_processed_once(copies)


def test_sigterm_finishes_the_current_batch_and_starts_no_other(
    deliver: Deliver, staff: Staff, postings_lock: PostingsLock, valkey: Valkey
) -> None:
    """The command of the Procfile; what is left is queued for the next worker."""
    in_hand, later = customers(2), customers(2)
    deliver(events_of(in_hand))
    postings_lock.lock()
    command = [sys.executable, "-m", "worker"]
    worker = processes.start(command, log=staff.log, env={**os.environ, **staff.environment})
    postings_lock.wait_until_blocking()
    deliver(events_of(later))
    worker.send_signal(signal.SIGTERM)
    eventually(lambda: was_asked_to_stop(valkey))
    postings_lock.release()
    assert worker.wait(PATIENCE_SECONDS) == 0
    assert unprocessed() == [event["id"] for event in events_of(later)]
    with valkey.client() as client:
        assert client.llen(f"rq:queue:{jobs.QUEUE}") == 1
    staff.worker()
    eventually(is_settled)
    assert_processed_once([*in_hand, *later])


def was_asked_to_stop(valkey: Valkey) -> bool:
    with valkey.client() as client:
        return any(client.hexists(key, "shutdown_requested_date") for key in client.scan_iter("rq:worker:*"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_idle_processes_stop_on_sigterm(staff: Staff, database: object) -> None:
    for module in ("worker", "worker.schedule"):
        command = [sys.executable, "-m", module]
        process = processes.start(command, log=staff.log, env={**os.environ, **staff.environment})
        eventually(lambda process=process: listens_for(signal.SIGTERM, process.pid))  # type: ignore[misc]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0, module


def test_worker_log_holds_no_customer_data(deliver: Deliver, staff: Staff, inbox_row: InboxRow) -> None:
    failing, copies = event_of_type("test.fails"), customers(1)
    deliver([failing, *events_of(copies)])
    staff.worker(clumsy)
    eventually(lambda: inbox_row(failing).last_error is not None and unprocessed() == [failing["id"]])
    bring_forward()
    jobs.sweep(jobs.DRAIN)
    eventually(lambda: inbox_row(failing).attempts > 1)
    written = staff.log.read_text()
    assert {"batch_failed", "event_failed"} <= {json.loads(line)["event"] for line in written.splitlines()}
    for secret in ("cleo", "example.com", "Cleo", failing["data"]["object"]["email"]):
        assert secret not in written
