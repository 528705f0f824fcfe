"""Buffer for the bytes of an HTTP/1 request, which detects when the request is complete. Pure: no socket, no clock.

It decides only *when* a request is passed to Gunicorn's parser and does not interpret it. If the two disagree about the
end of a request, the parser decides: it finds the rest missing, and the connection is closed.
"""

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

MAX_HEAD_BYTES: Final = 64 * 1024
BODY_BYTES: Final = 1024 * 1024
"""The application's limit of a body."""
LONG_BODIES: Final[Mapping[str, int]] = dict.fromkeys(
    ("/api/v1/imports", "/console/imports"), 20 * 1024 * 1024 + 64 * 1024
)
"""The limits of requests to these paths: 20 MiB of files, and the other parts of the form."""
OVERHEAD_BYTES: Final = 64 * 1024
MAX_BODY_BYTES: Final = BODY_BYTES + OVERHEAD_BYTES
"""The limit of a body and the overhead of its chunks. A longer body is refused without being read."""

_END_OF_HEAD: Final = b"\r\n\r\n"
_END_OF_LINE: Final = b"\r\n"
_LONG: Final = {f"POST {path} ".encode(): most for path, most in LONG_BODIES.items()}
_FRAMING: Final = re.compile(rb"\r\n(content-length|transfer-encoding|expect)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_EXPECT: Final = re.compile(rb"\r\nexpect:[^\r\n]*", re.IGNORECASE)
_CHUNK_LINE_BYTES: Final = 1024


class State(Enum):
    """How much of a request has arrived."""

    HEAD = auto()
    """The head is not complete."""
    BODY = auto()
    """The body is not complete."""
    WHOLE = auto()
    """The request is complete, perhaps followed by the beginning of the next one."""
    REFUSABLE = auto()
    """The parser or the application will refuse the request because of its head, so the body is not needed."""
    HEAD_TOO_LONG = auto()
    """The head is longer than `MAX_HEAD_BYTES`."""


class RequestBuffer:
    """Collects the bytes of a request in `data` as they arrive; examines each byte once."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.state = State.HEAD
        self.expects_continue = False
        """The client waits for `100 Continue` before it sends its body; the Expect header is removed from `data`."""
        self._at = 0  # the bytes before this position were examined
        self._end = 0  # the end of the body, once it is known
        self._is_chunked = False
        self._most = MAX_BODY_BYTES

    def add(self, received: bytes) -> State:
        """Add received bytes and return the new state."""
        self.data += received
        if self.state is State.HEAD:
            self._read_head()
        if self.state is State.BODY:
            self._read_body()
        return self.state

    def _read_head(self) -> None:
        end = self.data.find(_END_OF_HEAD, max(0, self._at - len(_END_OF_HEAD)))
        self._at = len(self.data)
        if end > MAX_HEAD_BYTES or (end < 0 and len(self.data) > MAX_HEAD_BYTES):
            self.state = State.HEAD_TOO_LONG
        elif end >= 0:
            self.state = self._frame(end)

    def _frame(self, end: int) -> State:
        fields: dict[bytes, bytes] = {}
        for name, value in _FRAMING.findall(self.data, 0, end):
            if name.lower() in fields:
                return State.REFUSABLE
            fields[name.lower()] = value.strip()
        long = (most for start, most in _LONG.items() if self.data.startswith(start))
        self._most = next(long, BODY_BYTES) + OVERHEAD_BYTES
        length, coding = fields.get(b"content-length"), fields.get(b"transfer-encoding")
        if (length is not None and coding is not None) or (coding is not None and coding.lower() != b"chunked"):
            return State.REFUSABLE
        if length is not None and not (length.isdigit() and len(length) < 16 and int(length) <= self._most):
            return State.REFUSABLE
        if fields.get(b"expect", b"").lower() == b"100-continue":
            end = self._cut_expectation(end)
        self._at = end + len(_END_OF_HEAD)
        self._is_chunked = coding is not None
        self._end = self._at + int(length or 0)
        return State.BODY

    def _cut_expectation(self, end: int) -> int:
        head = _EXPECT.sub(b"", bytes(self.data[:end]))
        self.data[:end] = head
        self.expects_continue = True
        return len(head)

    def _read_body(self) -> None:
        if self._is_chunked:
            self._read_chunks()
        elif len(self.data) >= self._end:
            self.state = State.WHOLE

    def _read_chunks(self) -> None:
        """Read chunks; `_at` is the beginning of the next chunk's line. The parser refuses malformed chunks."""
        while self._at < len(self.data):
            if self._at > self._most + MAX_HEAD_BYTES:
                self.state = State.REFUSABLE
                return
            line_end = self.data.find(_END_OF_LINE, self._at, self._at + _CHUNK_LINE_BYTES)
            if line_end < 0:
                if len(self.data) - self._at >= _CHUNK_LINE_BYTES:
                    self.state = State.REFUSABLE
                return
            size = self.data[self._at : line_end].partition(b";")[0].strip()
            if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", size):
                self.state = State.REFUSABLE
                return
            if int(size, 16) == 0:
                self._read_trailers(line_end)
                return
            self._at = line_end + 2 + int(size, 16) + 2
        if self._at > self._most + MAX_HEAD_BYTES and len(self.data) > self._most:
            self.state = State.REFUSABLE

    def _read_trailers(self, line_end: int) -> None:
        if self.data.startswith(_END_OF_LINE, line_end + 2) or self.data.find(_END_OF_HEAD, line_end) >= 0:
            self.state = State.WHOLE
        elif len(self.data) - line_end > MAX_HEAD_BYTES:
            self.state = State.REFUSABLE
