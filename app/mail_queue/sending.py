"""What a sender does with mails: holds the one that has been due longest, and stores what came of it."""

from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app import jobs
from app.mail_queue import waits
from app.mail_queue.kinds import OF, URGENT
from app.mail_queue.models import WAITING, Mail

MAIL_IS_OFF: Final = "mail_is_off"
"""The problem of mails while `ACCRUAL_MAIL` is `off`."""
_SWITCH_OFF_DUE: Final = text("""
    UPDATE mails SET state = 'switched_off', problem = :problem, finished_at = now()
    WHERE state IN ('queued', 'sending', 'failed') AND next_attempt_at <= now()
""")

End = Literal["sent", "switched_off", "given_up"]


def hold_oldest(session: Session) -> Mail | None:
    """The mail that has been due longest, those that a person waits for first; None if none is due.

    Effects: its next attempt moves at least two minutes into the future, so that no other worker takes it meanwhile. A
    mail whose lifetime is over is given up instead.
    """
    now = datetime.now(UTC)
    while (mail := _oldest(session, now)) is not None:
        if mail.queued_at < now - OF[mail.kind].lifetime:
            end(session, mail, "given_up", mail.problem or "mail_too_old")
            continue
        mail.state = "sending"
        mail.attempts += 1
        mail.next_attempt_at = now + waits.wait(mail.attempts)
        session.flush()
        return mail
    return None


def is_due(session: Session) -> bool:
    """Whether any mail is due."""
    due = select(Mail.id).where(Mail.state.in_(WAITING), Mail.next_attempt_at <= func.now())
    return session.scalar(due.limit(1)) is not None


def end(session: Session, mail: Mail, state: End, problem: str | None = None) -> None:
    """Store that a mail is not sent any more, or was sent; `problem` says why it was not."""
    mail.state, mail.problem, mail.finished_at = state, problem, datetime.now(UTC)
    session.flush()


def finish_attempt(session: Session, mail_id: UUID, *, problem: str | None) -> None:
    """Store that a mail was sent, or the problem why it was not; then it is sent again when it is due.

    Nothing changes if a person had it sent again meanwhile, or it was erased.
    """
    done = {"state": "sent", "finished_at": func.now()} if problem is None else {"state": "failed"}
    held = update(Mail).where(Mail.id == mail_id, Mail.state == "sending")
    session.execute(held.values(problem=problem, **done))


def make_due(session: Session, mail: Mail, *, now: datetime) -> None:
    """Make a mail due at once, with all its attempts before it, as another mail to its receiver; wakes the sender."""
    mail.state, mail.attempts, mail.problem, mail.finished_at = "queued", 0, None, None
    mail.resends += 1
    mail.next_attempt_at = mail.queued_at = now
    session.flush()
    jobs.wake_after_commit(session, jobs.MAILS)


def switch_off_due(session: Session) -> None:
    """Mark all mails that are due as switched off, because this installation sends none."""
    session.execute(_SWITCH_OFF_DUE, {"problem": MAIL_IS_OFF})


def _oldest(session: Session, now: datetime) -> Mail | None:
    due = select(Mail).where(Mail.state.in_(WAITING), Mail.next_attempt_at <= now)
    due = due.order_by(Mail.next_attempt_at).limit(1).with_for_update(skip_locked=True)
    return session.scalar(due.where(Mail.kind.in_(URGENT))) or session.scalar(due)
