"""The functions that jobs name. They take no arguments: what there is to do stands in the database."""

from typing import Final

from app import jobs
from worker import mails
from worker.inbox import drain as inbox_drain
from worker.stripe_sync import lookups, runs

SLICE_SECONDS: Final = 20
"""How long one drain works a backlog before it lets the queue's other jobs have a turn."""


def drain() -> None:
    """Work what is due in the inbox.

    The flag is lowered first: an event that comes later raises it again and gets a drain of its own.
    """
    jobs.lower_flag()
    if inbox_drain.run(SLICE_SECONDS):
        jobs.wake()


def work_runs() -> None:
    """Carry on the next backfill, reconciliation or replay for one time slice."""
    jobs.lower_runs_flag()
    if runs.work_slice(SLICE_SECONDS):
        jobs.wake_runs()


def look_up() -> None:
    """Ask Stripe for what is due to be looked up."""
    jobs.lower_lookups_flag()
    if lookups.run(SLICE_SECONDS):
        jobs.wake_lookups()


def send_mails() -> None:
    """Send the mails that are due."""
    jobs.lower_mails_flag()
    mails.send_due()
