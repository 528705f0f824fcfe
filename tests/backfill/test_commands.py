"""The commands: they follow a run to its end, and their exit code says how it ended."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from app import settings_files
from app.cli.stripe import runs as following
from app.config import Settings
from app.errors import InvalidRequest, NotFound
from app.money import format_money
from tests.emulator.delivery import Endpoint
from tests.emulator.emulator import Emulator
from tests.platform.conftest import Accrual, accrual
from worker.inbox import drain as draining
from worker.stripe_sync import runs as working

from .test_backfill import deliver_in_order

__all__ = ["accrual"]


@pytest.fixture
def worked(
    accrual: Accrual, receiving: Endpoint, with_key: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Accrual:
    """The command, with a key for Stripe; while it waits, runs and the inbox are worked."""
    del receiving
    settings_files.store(tmp_path, {"ACCRUAL_STRIPE_API_BASE": with_key.stripe_api_base})

    def work(_seconds: float) -> None:
        working.work_slice(0.05)
        draining.work_batch()

    monkeypatch.setattr(following, "time", SimpleNamespace(sleep=work))
    return accrual


def test_a_backfill_is_followed_to_its_end(shop: Emulator, worked: Accrual) -> None:
    deliver_in_order(shop)
    rehearsed = worked("backfill", "--since", "25d", "--dry-run")
    assert (rehearsed["state"], rehearsed["dry_run"]) == ("finished", True)
    shown = worked("backfill", "--since", "25d", "--dry-run", json_expected=False).stdout
    assert f"posts {format_money(rehearsed['counts']['posts']['usd'], 'usd')}" in shown
    printed = worked("backfill", "--since", "25d", json_expected=False)
    assert printed.exit_code == 0
    assert f"{rehearsed['counts']['new']} new" in printed.stdout
    assert worked("verify") == []


def test_a_reconciliation_ends_with_1_while_a_difference_is_left(shop: Emulator, worked: Accrual) -> None:
    deliver_in_order(shop)
    worked("backfill", "--since", "25d")
    agreed = worked("reconcile", "--since", "25d", json_expected=False)
    assert (agreed.exit_code, "Stripe and the ledger agree." in agreed.stdout) == (0, True)
    refund = shop.refund(shop.happened.purchases[3], 123)
    differing = worked("reconcile", "--since", "25d", json_expected=False)
    assert differing.exit_code == 1
    assert refund.id in differing.stdout
    assert "1.23 USD" in differing.stdout
    assert worked("reconcile", "--since", "25d", "--heal")["counts"]["healed"] == 1
    assert worked("reconcile", "--since", "25d")["drifts"] == []


def test_control_c_leaves_the_run_and_shows_how_to_follow_it(
    shop: Emulator, worked: Accrual, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver_in_order(shop)
    goes_on = following.time.sleep

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(following, "time", SimpleNamespace(sleep=interrupt))
    left = worked("backfill", "--since", "25d", json_expected=False)
    assert left.exit_code == 130
    _, _, run_id = left.stderr.strip().rpartition("accrual backfill --follow ")
    monkeypatch.setattr(following, "time", SimpleNamespace(sleep=goes_on))
    assert worked("backfill", "--follow", run_id)["state"] == "finished"
    with pytest.raises(NotFound):
        worked("backfill", "--follow", "run_of_nobody")


def test_a_stopped_run_ends_with_1(shop: Emulator, worked: Accrual) -> None:
    del shop
    run_id = worked("backfill", "--since", "25d", "--detach")["id"]
    assert worked("backfill", "--stop", run_id)["state"] == "stopped"
    assert worked("backfill", "--follow", run_id, json_expected=False).exit_code == 1


@pytest.mark.parametrize("given", ["yesterday", "30", "-3d", "2026-13-01"])
def test_an_unreadable_time_is_refused(worked: Accrual, given: str) -> None:
    with pytest.raises(InvalidRequest, match="must be a date"):
        worked("backfill", f"--since={given}")


def test_events_are_replayed_by_time_and_followed(shop: Emulator, worked: Accrual) -> None:
    deliver_in_order(shop)
    shop.deliver()
    while draining.work_batch():
        pass
    replayed = worked("events", "replay", "--since", "1d", "--type", "invoice.paid")
    assert replayed["counts"] == {"selected": 5, "replayed": 5}
