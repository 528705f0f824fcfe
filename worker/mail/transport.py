"""How mails leave this process: over SMTP, or in development to its output."""

import smtplib
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, localtime, parseaddr
from typing import Final, Protocol

from app.config import Settings
from app.mail.rendering import Message
from app.runtime import smtp

LOCAL: Final = "accrual@localhost"
"""The sender of mails that are only printed, where none is set."""


class Transport(Protocol):
    """What a mail is handed to."""

    def deliver(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Send a mail to exactly this address. Raises OSError, SMTPException or ValueError."""

    def socket(self) -> socket.socket | None:
        """What is closed when sending takes too long."""

    def is_open(self) -> bool:
        """Whether another mail can be sent over it."""


class Smtp:
    """An open connection to the mail server."""

    def __init__(self, server: smtplib.SMTP) -> None:
        self._server = server

    def deliver(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Send a mail. The recipient is passed, so that it does not depend on how the header is parsed."""
        self._server.send_message(message, from_addr=sender, to_addrs=[recipient])

    def socket(self) -> socket.socket | None:
        """The connection's socket."""
        return self._server.sock

    def is_open(self) -> bool:
        """Whether the connection stands: it does not after a failure of it, or after the server's answer 421."""
        return self._server.sock is not None


class Console:
    """Prints mails, with their links, on the output of this process. For development."""

    def deliver(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Print the headers and the text."""
        part = message.get_body(("plain",))
        words = part.get_content() if part is not None else ""
        shown = f"\n--- mail from {sender} to {recipient}\nSubject: {message['Subject']}\n\n{words}---\n"
        sys.stdout.write("".join(each if each.isprintable() or each == "\n" else "?" for each in shown))
        sys.stdout.flush()

    def socket(self) -> socket.socket | None:
        """None: nothing is waited for."""
        return None

    def is_open(self) -> bool:
        """Always."""
        return True


@contextmanager
def connected(settings: Settings) -> Iterator[Transport]:
    """What mails are handed to, as the settings say. Raises OSError or SMTPException: no server is reached."""
    if settings.mail_mode == "console":
        yield Console()
        return
    with smtp.connected(settings) as server:
        yield Smtp(server)


def send(transport: Transport, message: Message, settings: Settings, *, name: str) -> str | None:
    """Send a mail; returns the exception's name if it fails, else None. The server's words may have the address."""
    try:
        sender = parseaddr(settings.mail_from or LOCAL)[1]
        transport.deliver(_built(message, settings.mail_from or LOCAL, name), sender, message.recipient)
    except (OSError, smtplib.SMTPException, ValueError) as failure:
        return type(failure).__name__
    return None


def _built(message: Message, mail_from: str, name: str) -> EmailMessage:
    """The mail with its headers. `name` is the same at each attempt, so that a receiver can know a repeated mail."""
    built = EmailMessage()
    address = parseaddr(mail_from)[1]
    built["From"] = mail_from if message.sender_name is None else str(Address(message.sender_name, addr_spec=address))
    built["To"], built["Subject"] = message.recipient, message.subject
    built["Date"] = format_datetime(localtime())
    built["Message-ID"] = f"<{name}@{address.rpartition('@')[2]}>"
    built["Auto-Submitted"] = "auto-generated"
    if message.reply_to is not None:
        built["Reply-To"] = message.reply_to
    built.set_content(message.text)
    built.add_alternative(message.html, subtype="html")
    return built
