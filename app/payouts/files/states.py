"""What the end of a payout means for the file that it is in."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import jobs

_MADE_AGAIN: Final = text("""
    UPDATE payout_files SET status = 'replacing'
    WHERE id = ANY(:ids) AND status = 'current' AND downloaded_at IS NULL
    RETURNING id
""")
_VOID: Final = text("""
    UPDATE payout_files SET status = 'void' WHERE id = ANY(:ids) AND status = 'current' AND downloaded_at IS NOT NULL
""")


def after_end(session: Session, file_ids: Collection[UUID], *, is_canceled: bool) -> None:
    """Have files made again without payouts that ended before the first download; after it a canceled one voids them.

    Args:
        session: holds the locks of the runs; after its commit the job that makes files is woken.
        file_ids: the files of the payouts that have ended.
        is_canceled: the payouts were canceled, so that their lines must not be paid.
    """
    if not file_ids:
        return
    if session.execute(_MADE_AGAIN, {"ids": list(file_ids)}).all():
        jobs.wake_after_commit(session, jobs.PAYOUT_RUNS)
    if is_canceled:
        session.execute(_VOID, {"ids": list(file_ids)})
