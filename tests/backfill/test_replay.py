"""Events worked again by what they have in common: nothing moves, and a death in the middle changes nothing."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app import db
from app.errors import Conflict, InvalidRequest, LeaseLost
from app.stripe_sync import runs
from app.stripe_sync.models import StripeRun
from tests.api.conftest import MakeCaller
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from worker import schedule
from worker.stripe_sync import replay
from worker.stripe_sync import runs as working

from .conftest import AskReplay, Renewals, claim, let_time_pass, stand, work_to_its_end


def count_due() -> int:
    with db.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM stripe_events WHERE processed_at IS NULL")) or 0


def test_replaying_everything_moves_nothing(
    deliver: Deliver, drain: Drain, ledger: Ledger, renewals: Renewals, ask_replay: AskReplay
) -> None:
    deliver(events := renewals(3))
    drain()
    before = ledger()
    run = work_to_its_end(ask_replay())
    assert run.counts == {"selected": len(events), "replayed": len(events)}
    assert run.progress_bps == 10_000
    assert count_due() == len(events)
    drain()
    assert ledger() == before


def test_only_what_was_selected_is_replayed(
    deliver: Deliver, drain: Drain, renewals: Renewals, ask_replay: AskReplay
) -> None:
    deliver(renewals(3))
    drain()
    work_to_its_end(ask_replay(type_="invoice.paid"))
    assert count_due() == 4
    drain()
    work_to_its_end(ask_replay(outcome="ignored_type"))
    work_to_its_end(ask_replay(since=datetime.now(UTC)))
    work_to_its_end(ask_replay(until=datetime(2020, 1, 1, tzinfo=UTC)))
    assert count_due() == 0


def test_replay_waits_for_the_drain(
    deliver: Deliver, drain: Drain, renewals: Renewals, ask_replay: AskReplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "PAGE", 5)
    monkeypatch.setattr(replay, "MOST_DUE", 10)
    deliver(events := renewals(5))
    drain()
    run = ask_replay()
    worked = 0
    while stand(run).finished_at is None:
        assert working.work_slice(0.1)
        assert count_due() <= 15
        worked += drain()
    assert worked == len(events)


def test_run_of_a_dead_worker_is_resumed(
    deliver: Deliver, drain: Drain, renewals: Renewals, ask_replay: AskReplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "PAGE", 5)
    deliver(events := renewals(5))
    drain()
    run = ask_replay()
    dead = replay.step(claim())
    assert dead is not None
    schedule.wake_due_runs()
    assert not working.work_slice(1), "it is believed to be alive"
    let_time_pass(seconds=runs.STALE_SECONDS + 1)
    schedule.wake_due_runs()
    ended = work_to_its_end(run)
    assert ended.counts["replayed"] == len(events), "nothing was made due twice"
    with pytest.raises(LeaseLost):
        replay.step(dead)


def test_one_replay_at_a_time_and_the_oldest_first(merchant: Merchant, ask_replay: AskReplay) -> None:
    del merchant
    first, second = ask_replay(), ask_replay()
    assert claim().id == first.id
    assert not working.work_slice(1)
    let_time_pass(seconds=runs.STALE_SECONDS + 1)
    schedule.wake_due_runs()
    work_to_its_end(second)
    assert stand(first).state == "finished"


def test_a_stopped_run_does_nothing_more(
    deliver: Deliver, drain: Drain, renewals: Renewals, ask_replay: AskReplay
) -> None:
    deliver(renewals(1))
    drain()
    run = ask_replay()
    held = claim()
    with db.transaction() as session:
        runs.stop(session, session.get_one(StripeRun, run.id))
    with pytest.raises(LeaseLost):
        replay.step(held)
    assert count_due() == 0
    with db.transaction() as session, pytest.raises(Conflict):
        runs.stop(session, session.get_one(StripeRun, run.id))


def test_a_time_that_ends_before_it_begins_is_refused(ask_replay: AskReplay) -> None:
    now = datetime.now(UTC)
    with pytest.raises(InvalidRequest):
        ask_replay(since=now, until=now)


def test_a_replay_is_asked_for_and_followed_through_the_api(
    deliver: Deliver, drain: Drain, renewals: Renewals, merchant: Merchant, caller_of: MakeCaller
) -> None:
    deliver(renewals(1))
    drain()
    owner, elsewhere = caller_of(merchant), caller_of(merchant, "read")
    asked = owner.post("/api/v1/events/replay", {"type": "invoice.paid"})
    assert (asked.status_code, asked.json["state"], asked.json["livemode"]) == (201, "queued", False)
    path = f"/api/v1/replays/{asked.json['id']}"
    assert elsewhere.post(f"{path}/stop").status_code == 403
    assert working.work_slice(1)
    assert owner.get(path).json["counts"] == {"selected": 2, "replayed": 2}
    assert [run["id"] for run in owner.get("/api/v1/replays").json["data"]] == [asked.json["id"]]
    assert owner.post(f"{path}/stop").status_code == 409
    assert owner.get(f"/api/v1/backfills/{asked.json['id']}").status_code == 404
