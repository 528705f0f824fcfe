"""Connects to the mail server of the settings."""

import smtplib
import ssl
from typing import Final
from urllib.parse import unquote, urlsplit

from app.config import Settings

TIMEOUT_SECONDS: Final = 10.0


def connected(settings: Settings, *, timeout_seconds: float = TIMEOUT_SECONDS) -> smtplib.SMTP:
    """A connection to the mail server: encrypted unless it is on this machine, authenticated if a user is given.

    Raises:
        OSError: there is no connection, or its certificate was refused.
        SMTPException: the server refused the login or the encryption; its text may contain the user's name.
    """
    assert settings.smtp_url is not None
    address = urlsplit(settings.smtp_url.get_secret_value())
    host = address.hostname or ""
    context = ssl.create_default_context()
    if address.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, address.port or 465, timeout=timeout_seconds, context=context)
    else:
        server = smtplib.SMTP(host, address.port or 587, timeout=timeout_seconds)
        if host not in {"127.0.0.1", "localhost"}:
            server.starttls(context=context)
    if address.username:
        server.login(unquote(address.username), unquote(address.password or ""))
    return server
