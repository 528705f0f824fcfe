"""Limits on how long a connection may last in all; a socket's own limit starts again with every piece of an answer."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def closed_after(find_socket: Callable[[], socket.socket | None], seconds: float) -> Iterator[None]:
    """Break the connection if the block lasts longer; what it waits for then fails, or ends early.

    Args:
        find_socket: the connection's present socket; None before it is connected.
    """

    def close() -> None:
        found = find_socket()
        if found is not None:
            with suppress(OSError):
                # Closing an encrypted socket would not interrupt a read.
                socket.socket.shutdown(found, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, close)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
