"""Makes exports: reads one state of the database, and stores the archive in parts while it is written.

The part that is read and the parts that are stored are in transactions of their own. So no transaction that writes is
open for long, which would hold up the checkpoints of the ledger.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import IO, Any, Final, cast

import structlog

from app import db, ids, jobs, sealing
from app.errors import CodedProblem, ConfigurationError, Conflict, LeaseLost
from app.transfer.exports import commands, writing
from app.transfer.exports.manifest import Manifest
from app.transfer.exports.stored import job
from app.transfer.exports.stored.job import PartWriter
from app.transfer.exports.stored.models import Export
from worker import retries
from worker.inbox import drain

SECRET_UNREADABLE: Final = {"problem": "secret_unreadable"}
PASSPHRASE_REQUIRED: Final = {"problem": "export_passphrase_required"}

log = structlog.get_logger(__name__)

LONGEST_SECONDS: Final = 3300
"""An export that takes longer is made by `accrual export`; it holds up other exports and imports."""


class Stopped(Exception):
    """This process is asked to stop."""


def work_slice(slice_seconds: float) -> bool:
    """Make the exports that are due until none is or the time slice ends. Returns whether more may be due."""
    deadline = time.monotonic() + slice_seconds
    while time.monotonic() < deadline and not drain.stop_requested.is_set():
        with db.transaction() as session:
            export = job.claim(session)
        if export is None:
            return False
        _make_or_fail(export)
    return True


def sweep() -> None:
    """Queue the job if an export is due, because a wake-up was lost or an attempt failed."""
    with db.transaction() as session:
        is_due = job.is_due(session)
    if is_due:
        jobs.wake(jobs.EXPORTS)


def delete_expired() -> None:
    """Delete the archives whose time is over."""
    with db.transaction() as session:
        job.delete_expired(session)


def _make_or_fail(export: Export) -> None:
    public_id = ids.encode(ids.EXPORT, export.id)
    try:
        _make(export)
        log.info("export_made", export_id=public_id)
    except LeaseLost:
        log.warning("export_lost", export_id=public_id)
    except Stopped:
        with db.transaction() as session:
            job.release(session, export)
    except Exception as failure:
        if retries.action_after(failure) is retries.FailureAction.GIVE_UP:
            raise
        problem = _problem(failure)
        log.error("export_failed", export_id=public_id, **problem)  # noqa: TRY400  (a traceback may show values)
        with db.transaction() as session:
            job.fail(session, export, problem)


def _problem(failure: Exception) -> Mapping[str, Any]:
    """Why an attempt failed, as it is stored and logged."""
    if isinstance(failure, ConfigurationError):
        return SECRET_UNREADABLE
    if isinstance(failure, Conflict):  # addresses came after the export was asked for
        return PASSPHRASE_REQUIRED
    return retries.problem(failure)


def _make(export: Export) -> None:
    ends_at = time.monotonic() + LONGEST_SECONDS

    def check() -> None:
        if drain.stop_requested.is_set():
            raise Stopped
        if time.monotonic() > ends_at:
            raise CodedProblem("export_too_slow", minutes=LONGEST_SECONDS // 60)

    writer = PartWriter(db.transaction, export, check)
    manifest = _write(export, writer)
    digest = writer.end()
    with db.transaction() as session:
        job.finish(session, export, manifest, writer.bytes, digest)


def _write(export: Export, writer: PartWriter) -> Manifest:
    sealed = export.passphrase_encrypted
    passphrase = None if sealed is None else sealing.unseal(sealed, sealing.of_process())

    def watch(progress_bps: int) -> None:
        writer.progress_bps = progress_bps

    with db.transaction() as session:
        writing.read_once(session)
        plan = commands.of_organization(
            session, export.organization_id, livemode=export.livemode, passphrase=passphrase, at=datetime.now(UTC)
        )
        return writing.write(session, cast("IO[bytes]", writer), plan, watch)
