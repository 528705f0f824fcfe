"""Sends mails by SMTP, in the process for slow requests; without a configured mail server no mail is sent."""

import smtplib
import ssl
import time
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Final
from urllib.parse import unquote, urlsplit

import structlog

from app import db, jobs
from app.config import Settings
from app.partners.joining import mails
from app.partners.joining.mails import Mail

TIMEOUT_SECONDS: Final = 10
BROKEN: Final = frozenset({"SMTPServerDisconnected", "TimeoutError", "ConnectionResetError", "BrokenPipeError"})
"""Problems after which a connection cannot send another mail."""

log = structlog.get_logger(__name__)


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
        is_due = mails.is_due(session)
    if is_due:
        jobs.wake(jobs.MAILS)


def work_slice(slice_seconds: float) -> bool:
    """Send due mails, batch after batch, until none is due or the time is over; returns whether more may be due."""
    deadline = time.monotonic() + slice_seconds
    while send_due():
        if time.monotonic() > deadline:
            return True
    return False


def send_due() -> bool:
    """Send a batch of due mails; returns whether there were any and the mail server could be reached.

    A failed mail is tried again later; a mail may be sent twice, but is never lost.

    A mail that cannot be written or is refused does not stop the others, and after a broken connection the next mail
    uses a new one. If the server cannot be reached, sending ends.
    """
    settings = _server()
    if settings is None:
        return False
    with db.transaction() as session:
        waiting = mails.take_due(session, settings.public_url)
    is_any = bool(waiting)
    while waiting:
        try:
            with _connected(settings) as server:
                _send_over(server, waiting, settings.mail_from or "")
        except (OSError, smtplib.SMTPException) as failure:
            log.warning("mail_server_failed", kind=type(failure).__name__, mails=len(waiting))
            return False
    return is_any


def _send_over(server: smtplib.SMTP, waiting: list[Mail], sender: str) -> None:
    """Send mails until all are sent or the connection breaks; removes the tried ones from `waiting`."""
    while waiting:
        mail = waiting.pop(0)
        problem = _send(server, mail, sender)
        with db.transaction() as session:
            mails.finish(session, mail.id, problem=problem)
        log.info("mail_sent" if problem is None else "mail_refused", mail_id=str(mail.id), problem=problem)
        if problem in BROKEN:
            return


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


def _connected(settings: Settings) -> smtplib.SMTP:
    """A connection to the mail server: encrypted unless it is on this machine, authenticated if a user is given."""
    assert settings.smtp_url is not None
    address = urlsplit(settings.smtp_url.get_secret_value())
    host = address.hostname or ""
    context = ssl.create_default_context()
    if address.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, address.port or 465, timeout=TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, address.port or 587, timeout=TIMEOUT_SECONDS)
        if host not in {"127.0.0.1", "localhost"}:
            server.starttls(context=context)
    if address.username:
        server.login(unquote(address.username), unquote(address.password or ""))
    return server


def _server() -> Settings | None:
    settings = _Current.settings
    return settings if settings is not None and settings.smtp_url is not None else None
