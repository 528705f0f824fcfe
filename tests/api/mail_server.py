"""A mail server that keeps what it is sent, as far as a client of ours speaks to it."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from pydantic import SecretStr

from app.config import Settings
from worker.mail import sender as mails

POLL_SECONDS = 0.02
"""How often it looks whether it is to end."""


class MailServer(socketserver.ThreadingTCPServer):
    """Listens on a port of this machine.

    `refusing` answers every recipient with 550; `answers` gives some recipients another answer; `dropping` closes the
    connection at the next of these recipients. While `keeping` is clear, a mail is kept but not answered; `is_kept`
    says that there is one.
    While `holding` is clear, no recipient is answered; `is_asked` says that one waits.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.received: list[EmailMessage] = []
        self.refusing = False
        self.holding = threading.Event()
        self.holding.set()
        self.is_asked = threading.Event()
        self.dropping: set[bytes] = set()
        self.answers: dict[bytes, str] = {}
        self.keeping = threading.Event()
        self.keeping.set()
        self.is_kept = threading.Event()
        self.recipients: list[bytes] = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, MailServer)
        self._say("220 ready")
        while line := self.rfile.readline():
            if line.upper().startswith(b"RCPT"):
                self.server.is_asked.set()
                self.server.holding.wait()
            match line.split(b":")[0].split()[0].upper():
                case b"RCPT" if self.server.refusing:
                    self._say("550 no such mailbox")
                case b"RCPT" if any(one in line for one in self.server.dropping):
                    return
                case b"RCPT" if answer := next((then for one, then in self.server.answers.items() if one in line), ""):
                    self._say(answer)
                case b"RCPT":
                    self.server.recipients.append(line.partition(b"<")[2].partition(b">")[0])
                    self._say("250 well")
                case b"DATA":
                    self._say("354 go on")
                    self.server.received.append(_read(b"".join(iter(self.rfile.readline, b".\r\n"))))
                    self.server.is_kept.set()
                    self.server.keeping.wait(30)
                    self._say("250 kept")
                case b"QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 well")

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


def _read(sent: bytes) -> EmailMessage:
    return message_from_bytes(sent, EmailMessage, policy=policy.default)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """The text of a mail, or its HTML."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def mail_settings(settings: Settings, server: MailServer, mail_from: str = "shop@shop.example") -> Settings:
    """The settings of an installation that sends its mails to `server`."""
    return settings.model_copy(update={"smtp_url": SecretStr(server.url), "mail_from": mail_from})


@contextmanager
def connected(settings: Settings, mail_from: str = "Shop <partners@shop.example>") -> Iterator[MailServer]:
    """One that runs meanwhile, to which the worker sends its mails."""
    with mail_server() as server:
        mails.connect(mail_settings(settings, server, mail_from))
        yield server
        mails.connect(settings)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """One that runs meanwhile."""
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        yield server
        server.shutdown()
