"""`python -m worker.schedule`: the clock, which runs each routine at its interval."""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import DataError

from app import config, db, ids, jobs, metrics, sealing
from app.attribution.promotions import requested
from app.attribution.signups import unused
from app.commissions.decisions import maturing
from app.commissions.elsewhere import cutoffs
from app.commissions.elsewhere import settling as histories
from app.commissions.reported import signups
from app.commissions.settling import late_touches
from app.integrity import verify
from app.ledger import checkpoints
from app.mail import first_commissions
from app.organizations import stored_responses
from app.outbox import sending
from app.payments.waiting import invoice_links
from app.payouts.connect import accounts, transfers
from app.people import expiry
from app.programs import programs
from app.stripe_events import inbox
from app.stripe_sync import commands, drifts, lookups, runs
from app.touchpoints import partitions
from worker import retries, start
from worker.ledger import balances, months
from worker.mail import sender as mails
from worker.payouts import reserving
from worker.transfer import exports, imports

TICK_SECONDS: Final = 1
OVERDUE_SECONDS: Final = 2
"""Age of due work at which the clock assumes that its wake-up was lost."""
ADVANCE_SECONDS: Final = 3
"""How long the statistics may delay other routines at a time; the rest is done two seconds later."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Routine:
    """A function that runs every `every_seconds`; `due_at` is on the monotonic clock."""

    name: str
    every_seconds: float
    run: Callable[[], None]
    due_at: float = 0.0


def sweep() -> None:
    """Queue a drain if work is overdue, because Redis was down or a job was lost."""
    with db.transaction() as session:
        age_seconds = inbox.oldest_due_seconds(session)
    if age_seconds is not None and age_seconds > OVERDUE_SECONDS:
        is_queued = jobs.sweep(jobs.DRAIN)
        log.info("overdue_work_found", age_seconds=round(age_seconds, 1), is_queued=is_queued)


def sweep_lookups() -> None:
    """Queue work on look-ups if any are due. They have no other wake-up, since seconds do not matter."""
    with db.transaction() as session:
        is_due = lookups.is_due(session)
    if is_due:
        jobs.wake(jobs.LOOK_UPS)


def sweep_accounts() -> None:
    """Queue work on connected accounts if Stripe is to be asked about any."""
    with db.transaction() as session:
        is_due = accounts.is_due(session)
    if is_due:
        jobs.wake(jobs.ACCOUNTS)


def sweep_promotion_codes() -> None:
    """Queue the making of promotion codes in Stripe if any is due."""
    with db.transaction() as session:
        is_due = requested.is_due(session)
    if is_due:
        jobs.wake(jobs.PROMOTION_CODES)


def sweep_outbound() -> None:
    """Queue the sending of webhooks if any is due: after a wait, or because its wake-up was lost."""
    with db.transaction() as session:
        is_due = sending.is_due(session)
    if is_due:
        jobs.wake(jobs.OUTBOUND)


def sweep_transfers() -> None:
    """Queue work on transfers: of new payouts, and of those that a process left behind."""
    with db.transaction() as session:
        is_due = transfers.is_due(session, is_on=sealing.of_process().payouts_live)
    if is_due:
        jobs.wake(jobs.TRANSFERS)


def wake_due_runs() -> None:
    """Queue work on runs if any are due; runs whose worker died become due."""
    with db.transaction() as session:
        is_due = runs.release_stale(session)
    if is_due:
        jobs.wake(jobs.RUNS)


def compare_daily() -> None:
    """Request the daily reconciliation for every Stripe API key."""
    with db.transaction() as session:
        drifts.delete_seen_of_ended(session)
        requested = commands.request_daily_reconciliations(session)
    if requested:
        jobs.wake(jobs.RUNS)


def give_up_waiting() -> None:
    """Stop waiting for invoice links that did not arrive in time; their charges become unattributed."""
    with db.transaction() as session:
        invoice_links.end_overdue_waits(session)


def approve_mature(now: datetime | None = None) -> None:
    """Approve commissions whose holdback has ended by now, and end expired holds, batch by batch."""
    maturing.approve(db.transaction, now=now or datetime.now(UTC))


def settle_late_touches() -> None:
    """Settle payments again whose touchpoint was stored while the payment was being processed."""
    now = datetime.now(UTC)
    is_more = True
    while is_more:
        with db.transaction() as session:
            is_more = late_touches.settle_late(session, now=now)


def settle_history() -> None:
    """Settle payments again whose customer's history was recorded, or whose program's cut-off was moved past them."""
    with db.transaction() as session:
        histories.stamp_recorded(session)
        cutoffs.stamp_moved(session)
    for settle_next in (histories.settle_recorded, cutoffs.settle_moved):
        is_more = True
        while is_more:
            with db.transaction() as session:
                is_more = settle_next(session, now=datetime.now(UTC))


def settle_signups() -> None:
    """Settle the payments of customer sign-ups that an import recorded, and of each sign-up once more."""
    now = datetime.now(UTC)
    is_more = True
    while is_more:
        with db.transaction() as session:
            is_more = signups.settle_due(session, now=now)


def delete_unused_claims() -> None:
    """Delete claims of sign-ups that came to nothing, as old as touchpoints become."""
    before = datetime.now(UTC) - timedelta(days=sealing.of_process().touchpoint_days)
    is_more = True
    while is_more:
        with db.transaction() as session:
            is_more = unused.delete_unused(session, before=before) == unused.PAGE


def maintain_touchpoint_partitions() -> None:
    """Create the coming months' partitions of touchpoints, and drop those past the retention."""
    retention_days = config.load().touchpoint_days
    with db.transaction() as session:
        partitions.maintain_partitions(session, now=datetime.now(UTC), retention_days=retention_days)


def advance_sums() -> None:
    """Advance the statistics' checkpoints by new postings, for at most `ADVANCE_SECONDS`.

    A program whose sums cannot be stored does not stop the others: it is logged, and tried again the next time.
    """
    stop_at = time.monotonic() + ADVANCE_SECONDS
    failed: set[UUID] = set()
    while time.monotonic() < stop_at:
        with db.transaction() as session:
            behind = checkpoints.behind(session, programs.days_of_all(session))
        left = [program for program in behind if program.program_id not in failed]
        if not left:
            return
        failed |= {program.program_id for program in left if not _advance(program)}


def _advance(program: checkpoints.ProgramDays) -> bool:
    """Advance the checkpoint of one program by a step; returns whether that could be stored."""
    try:
        with db.transaction() as session:
            checkpoints.advance(session, program)
    except DataError as failure:
        program_id = ids.encode(ids.PROGRAM, program.program_id)
        log.error("program_sums_failed", program_id=program_id, **retries.problem(failure))  # noqa: TRY400  (a traceback may show values)
        return False
    return True


def write_first_commission_mails() -> None:
    """Write mails to partners that have earned their first commission."""
    with db.transaction() as session:
        first_commissions.write(session, now=datetime.now(UTC))


def delete_stored_responses() -> None:
    """Delete expired responses that were stored for idempotency keys."""
    with db.transaction() as session:
        stored_responses.delete_expired(session)


def delete_ended_sign_ins() -> None:
    """Delete sign-in links, their mails and sessions that ended more than a day ago."""
    with db.transaction() as session:
        expiry.delete_ended(session)


def measure_ledger() -> None:
    """Measure the sum of all postings for the imbalance metric, which must be 0."""
    with db.transaction() as session:
        metrics.ledger_measured(verify.imbalance_minor(session))


def routines() -> list[Routine]:
    """All routines of the clock with their intervals."""
    return [
        Routine("sweep", 5, sweep),
        Routine("sweep_lookups", 2, sweep_lookups),
        Routine("sweep_accounts", 5, sweep_accounts),
        Routine("sweep_promotion_codes", 5, sweep_promotion_codes),
        Routine("sweep_mails", 10, mails.sweep),
        Routine("write_first_commission_mails", 60, write_first_commission_mails),
        Routine("sweep_outbound", 2, sweep_outbound),
        Routine("wake_due_runs", 5, wake_due_runs),
        Routine("sweep_payout_runs", 5, reserving.sweep),
        Routine("sweep_transfers", 5, sweep_transfers),
        Routine("sweep_exports", 5, exports.sweep),
        Routine("delete_expired_exports", 3600, exports.delete_expired),
        Routine("sweep_imports", 5, imports.sweep),
        Routine("compare_daily", 3600, compare_daily),
        Routine("approve_mature", 60, approve_mature),
        Routine("give_up_waiting", 60, give_up_waiting),
        Routine("settle_late_touches", 10, settle_late_touches),
        Routine("settle_history", 5, settle_history),
        Routine("settle_signups", 5, settle_signups),
        Routine("maintain_touchpoint_partitions", 3600, maintain_touchpoint_partitions),
        Routine("delete_unused_claims", 3600, delete_unused_claims),
        Routine("advance_sums", 2, advance_sums),
        Routine("advance_balances", 10, balances.advance),
        Routine("close_months", 30, months.close_due),
        Routine("measure_ledger", 300, measure_ledger),
        Routine("delete_stored_responses", 3600, delete_stored_responses),
        Routine("delete_ended_sign_ins", 3600, delete_ended_sign_ins),
    ]


def tick(due: list[Routine]) -> None:
    """Run each routine that is due. A routine that fails is logged and runs again at its next time."""
    for routine in due:
        if time.monotonic() < routine.due_at:
            continue
        routine.due_at = time.monotonic() + routine.every_seconds
        try:
            routine.run()
        except Exception as failure:  # noqa: BLE001  (the clock must continue)
            log.error("routine_failed", routine=routine.name, **retries.problem(failure))  # noqa: TRY400  (a traceback may show values)


def main() -> None:
    """Run the clock until SIGTERM or SIGINT."""
    start.connect(pool_size=1)
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    every = routines()
    while not stopped.wait(TICK_SECONDS):
        tick(every)


if __name__ == "__main__":
    main()
