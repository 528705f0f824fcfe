"""Deletes sign-in links, their mails and sessions a day after they ended."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, or_
from sqlalchemy.orm import Session

from app.mail_queue import erasing as mails
from app.people.models import LoginLink, PersonSession

KEPT_FOR: Final = timedelta(days=1)


def delete_ended(session: Session) -> None:
    """Delete links that expired, mails that were requested, and sessions that ended, all more than a day ago."""
    before = func.now() - KEPT_FOR
    mails.delete_logins(session, before=datetime.now(UTC) - KEPT_FOR)
    session.execute(delete(LoginLink).where(LoginLink.expires_at < before))
    session.execute(
        delete(PersonSession).where(or_(PersonSession.expires_at < before, PersonSession.revoked_at < before))
    )
