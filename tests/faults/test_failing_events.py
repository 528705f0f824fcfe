"""One event fails: all others settle, it comes back later and later, and ends before a person with its reason."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from app import backoff, db
from app.organizations.actors import CLI
from app.payments.facts import Reading
from app.stripe_events import inbox, replaying
from app.stripe_events.inbox import MAX_ATTEMPTS
from app.stripe_events.models import StripeEvent
from tests.conftest import Deliver, Drain
from worker.inbox.drain import work_batch
from worker.inbox.handlers import table

from .conftest import InboxRow, bring_forward, event_of_type
from .stories import assert_processed_once, customers, events_of, is_settled, unprocessed

PROBLEM = {"problem": "exception", "error": "ValueError"}
REFUSED = {"problem": "exception", "error": "OperationalError"}
MOST_PARAMETERS = 65_535
"""Of one statement; the driver refuses more without asking the server."""


def fail(document: Mapping[str, Any]) -> Reading:
    raise ValueError(document)


def ask_too_much(document: Mapping[str, Any]) -> Reading:
    with db.transaction() as session:
        session.execute(select(StripeEvent.id).where(StripeEvent.id.in_(range(MOST_PARAMETERS + 1))))
    raise AssertionError(document)


def without_place(problem: dict[str, Any] | None) -> dict[str, Any]:
    """A stored problem, of which the place must be a line of Accrual's own code."""
    assert problem is not None
    assert re.fullmatch(r"worker\.inbox\.[a-z_.]+:\d+", problem["place"])
    return {name: value for name, value in problem.items() if name != "place"}


@pytest.fixture(autouse=True)
def _failing_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of type test.fails meet a bug in their handler, and those of type test.asks a refusal of the driver."""
    monkeypatch.setitem(table.HANDLERS, "test.fails", fail)
    monkeypatch.setitem(table.HANDLERS, "test.asks", ask_too_much)


@pytest.mark.parametrize(("type_", "problem"), [("test.fails", PROBLEM), ("test.asks", REFUSED)])
def test_failing_event_does_not_stop_others_from_settling(
    deliver: Deliver, drain: Drain, inbox_row: InboxRow, type_: str, problem: dict[str, str]
) -> None:
    copies, failing = customers(3), event_of_type(type_)
    events = events_of(copies)
    deliver([*events[:7], failing, *events[7:]])
    drain()
    assert unprocessed() == [failing["id"]]
    assert_processed_once(copies)
    row = inbox_row(failing)
    assert row.attempts >= 1
    assert (without_place(row.last_error), row.outcome) == (problem, None)


def test_failing_event_is_retried_outside_batches(deliver: Deliver, drain: Drain, inbox_row: InboxRow) -> None:
    copies, failing = customers(2), event_of_type("test.fails")
    deliver([failing])
    work_batch()
    bring_forward()
    deliver(events_of(copies))
    drain()
    assert inbox_row(failing).attempts >= 2
    assert {inbox_row(event).attempts for event in events_of(copies)} == {0}


def test_retry_wait_doubles_and_the_twelfth_failure_parks(deliver: Deliver, inbox_row: InboxRow) -> None:
    failing = event_of_type("test.fails")
    deliver([failing])
    for attempt in range(1, MAX_ATTEMPTS):
        began_at = datetime.now(UTC)
        assert work_batch() == 1
        wait = timedelta(seconds=2 ** (attempt - 1))
        row = inbox_row(failing)
        assert (row.attempts, without_place(row.last_error), row.processed_at) == (attempt, PROBLEM, None)
        assert began_at + wait <= row.next_attempt_at <= datetime.now(UTC) + wait
        bring_forward()
    work_batch()
    row = inbox_row(failing)
    assert (row.attempts, row.outcome, without_place(row.last_error)) == (MAX_ATTEMPTS, "parked", PROBLEM)
    assert row.outcome_details == row.last_error
    bring_forward()
    assert work_batch() == 0


def test_event_is_not_claimed_before_its_next_attempt(deliver: Deliver, drain: Drain, inbox_row: InboxRow) -> None:
    failing = event_of_type("test.fails")
    deliver([failing])
    work_batch()
    with db.transaction() as session:
        session.execute(text("UPDATE due_events SET next_attempt_at = now() + interval '1 hour'"))
    assert drain() == 0
    assert inbox_row(failing).attempts == 1


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (4, 8), (11, 1024), (12, 2048), (13, 3600), (99, 3600)]
)
def test_retry_wait_doubles_up_to_an_hour(failures: int, seconds: int) -> None:
    assert backoff.seconds(failures, first=inbox.FIRST_WAIT_SECONDS, longest=inbox.LONGEST_WAIT_SECONDS) == seconds


def test_failed_event_settles_once_its_cause_is_gone(deliver: Deliver, drain: Drain, owner: Engine) -> None:
    """One customer's payments cannot be written for a while; hers wait, everybody else's are there."""
    hers, *others = customers(4)
    with owner.begin() as connection:
        connection.execute(
            text(f"""
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF NEW.key LIKE '%{hers.token}%' THEN RAISE EXCEPTION 'not now: %', NEW.key; END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON payments FOR EACH ROW EXECUTE FUNCTION refuse();
            """)
        )
    deliver(events_of([hers, *others]))
    drain()
    assert unprocessed()
    assert {event["id"] for event in hers.events} >= set(unprocessed())
    assert_processed_once(others)
    with owner.begin() as connection:
        connection.execute(text("DROP TRIGGER refuse ON payments"))
    bring_forward()
    drain()
    assert is_settled()
    assert_processed_once([hers, *others])


def test_a_parked_event_is_worked_when_a_person_replays_it(
    deliver: Deliver, drain: Drain, inbox_row: InboxRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = event_of_type("test.fails")
    deliver([failing])
    for _ in range(MAX_ATTEMPTS):
        work_batch()
        bring_forward()
    assert inbox_row(failing).outcome == "parked"
    monkeypatch.delitem(table.HANDLERS, "test.fails")
    with db.transaction() as session:
        replaying.replay(session, CLI, session.get_one(StripeEvent, inbox_row(failing).id))
    drain()
    row = inbox_row(failing)
    assert (row.outcome, row.attempts, row.last_error) == ("ignored_type", 0, None)


@pytest.mark.parametrize("park", [True, False])
def test_a_failure_cannot_undo_what_another_drain_finished(
    deliver: Deliver, drain: Drain, inbox_row: InboxRow, park: bool
) -> None:
    event = event_of_type("test.known_to_nobody")
    deliver([event])
    with db.transaction() as session:
        [claimed] = inbox.claim(session, 1)
        attempts = inbox.count_attempt(session, claimed, now=datetime.now(UTC) - timedelta(hours=1))
    assert attempts == 1
    drain()
    finished = inbox_row(event)
    assert finished.outcome == "ignored_type"
    with db.transaction() as session:
        inbox.store_failure(session, claimed.id, attempts, "too late", park=park)
    assert inbox_row(event) == finished


@pytest.mark.parametrize("park", [True, False])
def test_a_failure_of_an_earlier_attempt_is_not_noted_on_a_later_one(
    deliver: Deliver, inbox_row: InboxRow, park: bool
) -> None:
    event = event_of_type("test.fails")
    deliver([event])
    for _ in range(2):
        with db.transaction() as session:
            [claimed] = inbox.claim(session, 1)
            inbox.count_attempt(session, claimed, now=datetime.now(UTC) - timedelta(hours=1))
    before = inbox_row(event)
    with db.transaction() as session:
        inbox.store_failure(session, claimed.id, 1, {"problem": "no_id"}, park=park)
    assert inbox_row(event) == before
    assert before.attempts == 2


def test_attempt_is_counted_once_by_two_drains_of_one_event(deliver: Deliver, inbox_row: InboxRow) -> None:
    event = event_of_type("test.fails")
    deliver([event])
    with db.transaction() as session:
        [claimed] = inbox.claim(session, 1)
    counted = []
    for _ in range(2):
        with db.transaction() as session:
            counted.append(inbox.count_attempt(session, claimed, now=datetime.now(UTC)))
    assert counted == [1, None]
    assert inbox_row(event).attempts == 1
