"""A busy shop's whole history, fetched and then worked again, by processes that are killed with -9 in the middle.

The suite takes some twelve hundred events, `make proofs` a hundred thousand; memory must be the same.
"""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from sqlalchemy import text

from app import db, jobs
from app.config import Settings
from app.stripe_sync import runs
from app.stripe_sync.models import StripeRun
from tests.conftest import Ledger, Tally
from tests.emulator.busy import traffic
from tests.emulator.emulator import Emulator
from tests.emulator.expectation import expected
from tests.faults.processes import Staff, kill_9
from tests.faults.stories import unprocessed
from worker import schedule

from .conftest import AskReplay, Backfill, let_time_pass, stand

pytestmark = [pytest.mark.proof, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

MOST_MEMORY_MB = 120
"""What a process may take at most, what it imports (some 80 MB) included, however long the history."""
LOOK_SECONDS = 0.05


@pytest.fixture
def holdback_days() -> int:
    """So long that no clock would approve anything."""
    return 36_500


@pytest.fixture
def staff(with_key: Settings, tmp_path: Path) -> Iterator[Staff]:
    """Starts workers that may ask the shop's Stripe."""
    environment = {
        "DATABASE_URL": with_key.database_url,
        "REDIS_URL": with_key.redis_url,
        "ACCRUAL_SECRET_KEY": with_key.secret_key.get_secret_value(),
        "ACCRUAL_DATA_DIR": str(with_key.data_dir),
        "ACCRUAL_LOG_FORMAT": "json",
        "ACCRUAL_STRIPE_API_BASE": with_key.stripe_api_base,
    }
    staff = Staff(environment, tmp_path / "staff.log")
    yield staff
    staff.dismiss()


def peak_memory_mb(process: BaseProcess) -> int:
    """The most memory a living process has had."""
    [kilobytes] = re.findall(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
    return int(kilobytes) // 1024


def die_halfway(run: StripeRun, staff: Staff, *, count: str, kill_at: int) -> list[int]:
    """Let one process work the run and one drain, and kill both when it has come so far; gives their peaks of MB."""
    hired = hire(staff)
    while stand(run).counts.get(count, 0) < kill_at:
        wait_beside(hired, staff)
    peaks_mb = dismiss(hired)
    halfway = stand(run)
    assert halfway.finished_at is None
    assert 0 < halfway.progress_bps < 10_000
    let_time_pass(seconds=runs.STALE_SECONDS + 1)
    return peaks_mb


def see_through(run: StripeRun, staff: Staff) -> list[int]:
    """Let others end the run and whatever it made due; gives their peaks of MB."""
    hired = hire(staff)
    progress_bps = [stand(run).progress_bps]
    while (now := stand(run)).finished_at is None or unprocessed():
        progress_bps.append(now.progress_bps)
        wait_beside(hired, staff)
    assert progress_bps == sorted(progress_bps)
    return dismiss(hired)


def wait_beside(hired: list[BaseProcess], staff: Staff) -> None:
    """Let them work a moment; however long it takes in all, they must live."""
    assert all(process.is_alive() for process in hired), staff.log.read_text()[-2_000:]
    schedule.wake_due_runs()  # as the clock: a page that failed is due again after a while
    time.sleep(LOOK_SECONDS)


def hire(staff: Staff) -> list[BaseProcess]:
    """One process that asks Stripe and one that drains."""
    hired = [staff.asker(), staff.worker()]
    schedule.wake_due_runs()
    jobs.sweep(jobs.DRAIN)
    return hired


def dismiss(hired: list[BaseProcess]) -> list[int]:
    """Kill them; gives how much memory each had at most."""
    peaks_mb = [peak_memory_mb(process) for process in hired]
    for process in hired:
        kill_9(process)
    return peaks_mb


@contextmanager
def the_last_event_held() -> Iterator[None]:
    """No replay comes to its end meanwhile."""
    with db.transaction() as session:
        session.execute(text("SELECT FROM stripe_events ORDER BY id DESC LIMIT 1 FOR UPDATE"))
        yield


def test_large_backfill_and_replay_survive_kills_in_bounded_memory(
    request: pytest.FixtureRequest,
    shop: Emulator,
    backfill: Backfill,
    ask_replay: AskReplay,
    staff: Staff,
    ledger: Ledger,
    tally: Tally,
) -> None:
    acts = 20_000 if request.config.getoption("--proofs") else 240
    traffic(shop, 1, acts=acts, hours=400)
    run = backfill(22)
    peaks_mb = die_halfway(run, staff, count="events", kill_at=acts) + see_through(run, staff)
    fetched = stand(run)
    assert fetched.state == "finished", fetched.problem
    assert fetched.counts["new"] == fetched.counts["events"], "no page was lost or counted twice"
    assert max(peaks_mb) < MOST_MEMORY_MB
    booked, due = ledger(), expected(shop)
    assert (booked.balances, booked.commissions) == (due.balances, due.commissions)
    tally("events backfilled through a kill -9", fetched.counts["new"])
    tally("MB at most in a process that backfilled", max(peaks_mb))
    run = ask_replay()
    with the_last_event_held():
        peaks_mb = die_halfway(run, staff, count="replayed", kill_at=acts)
    peaks_mb += see_through(run, staff)
    assert stand(run).counts == {"selected": fetched.counts["new"], "replayed": fetched.counts["new"]}
    assert max(peaks_mb) < MOST_MEMORY_MB
    assert ledger() == booked
    tally("events replayed through a kill -9", fetched.counts["new"])
    tally("MB at most in a process that replayed", max(peaks_mb))
