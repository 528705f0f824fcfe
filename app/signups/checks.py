"""When the payments of customer sign-ups are settled: at once, and once more after everything that ran beside it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, literal_column, select
from sqlalchemy.orm import Session

from app.signups.models import BY_BROWSER, SignUp

AGAIN_AFTER: Final = timedelta(minutes=5)
"""Longer than any transaction that reads sign-ups, or writes a touchpoint, lasts."""
_CLAIM: Final[ColumnElement[str]] = literal_column(f"'{BY_BROWSER}'")
"""In the statement's text, so that Postgres recognizes the conditions of the indexes."""


def lock_due(session: Session, *, now: datetime, limit: int) -> list[SignUp]:
    """The sign-ups whose payments are to be settled now, locked: those that were stated first, then claims.

    Of each the longest due comes first. Anyone can send any number of claims, so none of them delays what was stated.
    """
    stated = _lock(session, SignUp.source != _CLAIM, now=now, limit=limit)
    room = limit - len(stated)
    return stated + (_lock(session, SignUp.source == _CLAIM, now=now, limit=room) if room else [])


def mark_settled(session: Session, signups: Iterable[SignUp], *, at: datetime) -> None:
    """Note that the payments of these sign-ups were settled; after the second time they are not due any more."""
    for signup in signups:
        signup.check_at = at + AGAIN_AFTER if signup.settled_at is None else None
        signup.settled_at = signup.settled_at or at
    session.flush()


def _lock(session: Session, of_source: ColumnElement[bool], *, now: datetime, limit: int) -> list[SignUp]:
    due = select(SignUp).where(SignUp.check_at <= now, of_source).order_by(SignUp.check_at).limit(limit)
    return list(session.scalars(due.with_for_update(skip_locked=True)))


def delete_claims(session: Session, signup_ids: Sequence[UUID]) -> None:
    """Delete these claims of browsers; sign-ups that the merchant stated stay."""
    session.execute(delete(SignUp).where(SignUp.id.in_(signup_ids), SignUp.source == BY_BROWSER))
