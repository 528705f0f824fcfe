"""Sends mails by SMTP, in the process for slow requests; without a configured mail server no mail is sent."""

import math
import smtplib
import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Final, Protocol
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from app import db, jobs
from app.config import Settings
from app.immutable import immutable
from app.mails import Mail
from app.outbound import mails as endpoint_mails
from app.partners.joining import mails as partner_mails
from app.people import mails as login_mails
from app.runtime import smtp
from worker.outbound import time_limits

SEND_SECONDS: Final = 60
"""The longest time for a mail on an open connection. A worker holds a mail at least twice as long."""
BROKEN: Final = frozenset({"SMTPServerDisconnected", "TimeoutError", "ConnectionResetError", "BrokenPipeError"})
"""Problems after which a connection cannot send another mail."""

log = structlog.get_logger(__name__)


class Source(Protocol):
    """A module whose mails are sent: what `app.partners.joining.mails` has."""

    def take_next(self, session: Session, public_url: str) -> Mail | None:
        """The mail that has been due longest, held for a while; None if none is due."""

    def is_due(self, session: Session) -> bool:
        """Whether any mail is due."""

    def finish(self, session: Session, mail_id: UUID, *, problem: str | None = None) -> None:
        """Store that a mail was sent, or the problem why it was not."""


SOURCES: Final[tuple[Source, ...]] = (login_mails, partner_mails, endpoint_mails)
"""Sign-in links first: the person waits for them."""


@immutable
class TakenMail:
    """A mail that this process holds, and where it is from."""

    mail: Mail
    source: Source


class _Current:
    """The settings of this process, set once by `connect`."""

    settings: Settings | None = None


def connect(settings: Settings) -> None:
    """Use the mail server of `settings` from now on. Does not contact it yet."""
    _Current.settings = settings


def sweep() -> None:
    """Queue the sending of mails if any is due and a mail server is configured."""
    if _server() is None:
        return
    with db.transaction() as session:
        is_due = any(source.is_due(session) for source in SOURCES)
    if is_due:
        jobs.wake(jobs.MAILS)


def work_slice(slice_seconds: float) -> bool:
    """Send due mails until none is due or the time is over; returns whether more may be due."""
    stop_at = time.monotonic() + slice_seconds
    return send_due(stop_at=stop_at) and time.monotonic() > stop_at


def send_due(*, stop_at: float = math.inf) -> bool:
    """Send due mails, one after another; returns whether there were any and the mail server could be reached.

    A failed mail is tried again later; a mail may be sent twice if its connection breaks, but is never lost.

    A worker takes each mail just before sending it, and holds it for longer than sending may last, so no other worker
    sends it meanwhile. A mail that cannot be written or is refused does not stop the others, and after a broken
    connection the next mail uses a new one. If the server cannot be reached, sending ends.

    Args:
        stop_at: the time, on the monotonic clock, after which no other mail is taken.
    """
    settings = _server()
    if settings is None:
        return False
    taken = _take(settings, stop_at)
    is_any = taken is not None
    while taken is not None:
        try:
            with smtp.connected(settings) as server:
                taken = _send_over(server, taken, settings, stop_at)
        except (OSError, smtplib.SMTPException) as failure:
            log.warning("mail_server_failed", kind=type(failure).__name__)
            return False
    return is_any


def _take(settings: Settings, stop_at: float) -> TakenMail | None:
    if time.monotonic() > stop_at:
        return None
    with db.transaction() as session:
        for source in SOURCES:
            if mail := source.take_next(session, settings.public_url):
                return TakenMail(mail, source)
    return None


def _send_over(server: smtplib.SMTP, taken: TakenMail | None, settings: Settings, stop_at: float) -> TakenMail | None:
    """Send a mail and what is due after it; returns the next mail if the connection breaks, else None."""
    problem: str | None = None
    while taken is not None and problem not in BROKEN:
        problem = send_in_time(server, taken, settings.mail_from or "")
        taken = _take(settings, stop_at)
    return taken


def send_in_time(server: smtplib.SMTP, taken: TakenMail, sender: str) -> str | None:
    """Send a mail and store the result; returns the problem, if any. If time is short, the mail is left for later."""
    mail = taken.mail
    if mail.taken_until < datetime.now(UTC) + timedelta(seconds=SEND_SECONDS):
        log.warning("mail_postponed", mail_id=str(mail.id))
        return None
    with time_limits.closed_after(lambda: server.sock, SEND_SECONDS):
        problem = _send(server, mail, sender)
    with db.transaction() as session:
        taken.source.finish(session, mail.id, problem=problem)
    log.info("mail_sent" if problem is None else "mail_refused", mail_id=str(mail.id), problem=problem)
    return problem


def _send(server: smtplib.SMTP, mail: Mail, sender: str) -> str | None:
    """Send a mail to its recipient; returns the exception's name if it fails, else None."""
    try:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, mail.recipient, mail.subject
        message.set_content(mail.text)
        # The recipient is passed, so that it does not depend on how the header is parsed.
        server.send_message(message, from_addr=parseaddr(sender)[1], to_addrs=[mail.recipient])
    except (OSError, smtplib.SMTPException, ValueError) as failure:
        return type(failure).__name__  # the server's message may contain the address
    return None


def _server() -> Settings | None:
    settings = _Current.settings
    return settings if settings is not None and settings.smtp_url is not None else None
