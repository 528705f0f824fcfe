"""Whether the mail server accepts a connection and the login."""

import smtplib
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from app.doctor.examined import Examined
from app.doctor.findings import Finding, found
from app.runtime import http_client, smtp

TIMEOUT_SECONDS: Final = 5.0


def check(examined: Examined) -> Iterator[Finding]:
    """Connect and log in as for sending; no mail is sent. Nothing is checked unless mails leave by a mail server."""
    settings = examined.settings
    if settings.mail_mode != "smtp" or settings.smtp_url is None:
        return
    try:
        smtp.connected(settings, timeout_seconds=TIMEOUT_SECONDS).close()
    except (OSError, smtplib.SMTPException) as failure:
        host = urlsplit(settings.smtp_url.get_secret_value()).hostname or ""
        yield found("mail_server_failed", server=host, problem=_problem(failure))


def _problem(failure: OSError | smtplib.SMTPException) -> dict[str, Any]:
    """The failure as a code; the server's own text may contain the user's name and is left out."""
    if isinstance(failure, smtplib.SMTPAuthenticationError):
        return {"problem": "login_refused", "status": failure.smtp_code}
    return http_client.connection_problem(failure).problem
