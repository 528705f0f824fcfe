"""A mail server that keeps what it is sent, as far as a client of ours speaks to it."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message

POLL_SECONDS = 0.02
"""How often it looks whether it is to end."""


class MailServer(socketserver.ThreadingTCPServer):
    """Listens on a port of this machine.

    `refusing` answers every recipient with 550; `dropping` closes the connection at the next of these recipients.
    While `holding` is clear, no recipient is answered; `is_asked` says that one waits.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.received: list[Message] = []
        self.refusing = False
        self.holding = threading.Event()
        self.holding.set()
        self.is_asked = threading.Event()
        self.dropping: set[bytes] = set()
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
                case b"RCPT":
                    self.server.recipients.append(line.partition(b"<")[2].partition(b">")[0])
                    self._say("250 well")
                case b"DATA":
                    self._say("354 go on")
                    self.server.received.append(message_from_bytes(b"".join(iter(self.rfile.readline, b".\r\n"))))
                    self._say("250 kept")
                case b"QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 well")

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """One that runs meanwhile."""
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        yield server
        server.shutdown()
