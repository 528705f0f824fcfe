"""Sending mails by SMTP, in the process that may wait for others; without a mail server set, nothing is ever sent."""

import smtplib
import ssl
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

import structlog

from app import db, jobs
from app.config import Settings
from app.partners import mails
from app.partners.mails import Mail

TIMEOUT_SECONDS: Final = 10

log = structlog.get_logger(__name__)


class _Current:
    """What this process sends by, set once by `connect`."""

    settings: Settings | None = None


def connect(settings: Settings) -> None:
    """Send by the mail server of `settings` from now on. Nothing is asked of it yet."""
    _Current.settings = settings


def sweep() -> None:
    """Wake whoever sends, if anything is due and there is a mail server."""
    if _server() is None:
        return
    with db.transaction() as session:
        is_due = mails.is_due(session)
    if is_due:
        jobs.wake_mails()


def send_due() -> None:
    """Send what is due over one connection. What fails is tried again later; a mail may come twice, never be lost."""
    settings = _server()
    if settings is None:
        return
    with db.transaction() as session:
        due = mails.take_due(session, settings.public_url)
    if not due:
        return
    try:
        with _connected(settings) as server:
            for mail in due:
                _send(server, mail, settings.mail_from or "")
    except (OSError, smtplib.SMTPException) as failure:
        log.warning("mail_server_failed", kind=type(failure).__name__, mails=len(due))


def _send(server: smtplib.SMTP, mail: Mail, sender: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, mail.recipient, mail.subject
    message.set_content(mail.text)
    problem = None
    try:
        server.send_message(message)
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as refused:
        problem = type(refused).__name__  # the server's words may repeat the address
    with db.transaction() as session:
        mails.finish(session, mail.id, problem=problem)
    log.info("mail_sent" if problem is None else "mail_refused", mail_id=str(mail.id), problem=problem)


def _connected(settings: Settings) -> smtplib.SMTP:
    """A connection to the mail server: encrypted, unless it is on this machine; signed in where a user is given."""
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
