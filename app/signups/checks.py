"""When the payments of customer sign-ups are settled: at once, and once more after everything that ran beside it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.signups.models import BY_BROWSER, SignUp

AGAIN_AFTER: Final = timedelta(minutes=5)
"""Longer than any transaction that reads sign-ups, or writes a touchpoint, lasts."""


def lock_due(session: Session, *, now: datetime, limit: int) -> list[SignUp]:
    """The sign-ups whose payments are to be settled now, longest due first, locked."""
    due = select(SignUp).where(SignUp.check_at <= now).order_by(SignUp.check_at).limit(limit)
    return list(session.scalars(due.with_for_update(skip_locked=True)))


def mark_settled(session: Session, signups: Iterable[SignUp], *, at: datetime) -> None:
    """Note that the payments of these sign-ups were settled; after the second time they are not due any more."""
    for signup in signups:
        signup.check_at = at + AGAIN_AFTER if signup.settled_at is None else None
        signup.settled_at = signup.settled_at or at
    session.flush()


def delete_claims(session: Session, signup_ids: Sequence[UUID]) -> None:
    """Delete these claims of browsers; sign-ups that the merchant stated stay."""
    session.execute(delete(SignUp).where(SignUp.id.in_(signup_ids), SignUp.source == BY_BROWSER))
