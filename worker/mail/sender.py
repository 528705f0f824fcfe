"""Sends mails, in the process for slow requests, as `ACCRUAL_MAIL` says: over SMTP, to its output, or not at all."""

import math
import smtplib
import time
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from app import db, jobs
from app.config import Settings
from app.immutable import immutable
from app.mail import composing
from app.mail.recipients import Unsent
from app.mail.rendering import Message
from app.mail_queue import sending
from app.mail_queue.models import Mail
from worker.mail import transport as mail_transport
from worker.mail.transport import Transport
from worker.outbound import time_limits

SEND_SECONDS: Final = 60
"""The longest time for a mail on an open connection. A worker holds a mail at least twice as long."""

log = structlog.get_logger(__name__)


@immutable
class TakenMail:
    """A mail that this process holds, ready to be sent.

    Attributes:
        resends: how often it was resent; with the id it makes its Message-ID.
        taken_until: when another worker may take it, unless it was finished before.
    """

    id: UUID
    resends: int
    taken_until: datetime
    message: Message


class _Current:
    """The settings of this process, set once by `connect`."""

    settings: Settings | None = None


def connect(settings: Settings) -> None:
    """Send mails as `settings` says from now on. Does not contact the mail server yet."""
    _Current.settings = settings


def sweep() -> None:
    """Queue the sending of mails if any is due."""
    with db.transaction() as session:
        is_due = sending.is_due(session)
    if is_due:
        jobs.wake(jobs.MAILS)


def work_slice(slice_seconds: float) -> bool:
    """Send due mails until none is due or the time is over; returns whether more may be due."""
    stop_at = time.monotonic() + slice_seconds
    return send_due(stop_at=stop_at) and time.monotonic() > stop_at


def send_due(*, stop_at: float = math.inf) -> bool:
    """Send due mails, one after another; returns whether there were any and the mail server could be reached.

    A failed mail is tried again later. A mail may be sent twice, with the same Message-ID, if its connection or this
    process breaks before its result was stored, but is never lost.

    A worker takes each mail just before sending it, and holds it for longer than sending may last, so no other worker
    sends it meanwhile. A mail that cannot be written or is refused does not stop the others, and after a broken
    connection the next mail uses a new one. If the server cannot be reached, sending ends.

    Args:
        stop_at: the time, on the monotonic clock, after which no other mail is taken.
    """
    settings = _Current.settings
    if settings is None:
        return False
    if settings.mail_mode == "off":
        with db.transaction() as session:
            sending.switch_off_due(session)
        return False
    taken = _take(settings, stop_at)
    is_any = taken is not None
    while taken is not None:
        try:
            with mail_transport.connected(settings) as transport:
                taken = _send_over(transport, taken, settings, stop_at)
        except (OSError, smtplib.SMTPException) as failure:
            log.warning("mail_server_failed", kind=type(failure).__name__)
            return False
    return is_any


def _take(settings: Settings, stop_at: float) -> TakenMail | None:
    """Take the mail that has been due longest and can be sent; those that cannot be are ended or postponed."""
    while time.monotonic() <= stop_at:
        with db.transaction() as session:
            mail = sending.hold_oldest(session)
            if mail is None:
                return None
            message = _compose(session, mail, settings.public_url)
            if message is not None:
                return TakenMail(mail.id, mail.resends, mail.next_attempt_at, message)
    return None


def _compose(session: Session, mail: Mail, public_url: str) -> Message | None:
    """The mail as it is sent now; None if it is not sent, which is stored."""
    try:
        with session.begin_nested():
            composed = composing.compose(session, mail, public_url)
    except Exception as failure:  # noqa: BLE001  (one mail that cannot be written stops no other)
        problem = type(failure).__name__
        sending.finish_attempt(session, mail.id, problem=problem)
        log.error("mail_not_composed", mail_id=str(mail.id), problem=problem)  # noqa: TRY400  (a traceback may show values)
        return None
    if isinstance(composed, Unsent):
        sending.end(session, mail, composed.state, composed.problem)
        log.info("mail_not_sent", mail_id=str(mail.id), problem=composed.problem)
        return None
    return composed


def _send_over(transport: Transport, taken: TakenMail | None, settings: Settings, stop_at: float) -> TakenMail | None:
    """Send a mail and what is due after it; returns the next mail if the connection breaks, else None."""
    while taken is not None and transport.is_open():
        send_in_time(transport, taken, settings)
        taken = _take(settings, stop_at)
    return taken


def send_in_time(transport: Transport, taken: TakenMail, settings: Settings) -> str | None:
    """Send a mail and store the result; returns the problem, if any. If time is short, the mail is left for later."""
    if taken.taken_until < datetime.now(UTC) + timedelta(seconds=SEND_SECONDS):
        log.warning("mail_postponed", mail_id=str(taken.id))
        return None
    name = f"{taken.id}.{taken.resends}"
    with time_limits.closed_after(transport.socket, SEND_SECONDS):
        problem = mail_transport.send(transport, taken.message, settings, name=name)
    with db.transaction() as session:
        sending.finish_attempt(session, taken.id, problem=problem)
    log.info("mail_sent" if problem is None else "mail_refused", mail_id=str(taken.id), problem=problem)
    return problem
