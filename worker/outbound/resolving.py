"""Looks up the addresses of a host, within a time limit, and returns only what may be connected to."""

import queue
import socket
import threading
from ipaddress import ip_address
from typing import Final

from app.errors import CallFailed
from app.outbound import addresses
from app.outbound.addresses import Target

MOST_LOOKUPS: Final = 100
"""Look-ups under way at once. One that hangs continues after its caller has given up, until the system ends it."""

_places = threading.BoundedSemaphore(MOST_LOOKUPS)


def checked_addresses(target: Target, *, seconds: float, allow_private: bool) -> list[str]:
    """The addresses of the target's host, in the system's order, every one of them checked.

    Raises:
        AddressRefused: an address is not public.
        CallFailed: `host_not_found` or `look_up_timed_out`.
    """
    found = _look_up(target, seconds)
    distinct = list(dict.fromkeys(found))
    addresses.require_public([ip_address(address) for address in distinct], allow_private=allow_private)
    return distinct


def _look_up(target: Target, seconds: float) -> list[str]:
    """The addresses by the system's resolver, in a thread, because no time limit can be given to it."""
    answers: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()
    if not _places.acquire(timeout=seconds):
        raise CallFailed("look_up_timed_out")

    def resolve() -> None:
        try:
            rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            answers.put([str(row[4][0]) for row in rows])
        except (OSError, UnicodeError):
            answers.put(None)
        finally:
            _places.release()

    threading.Thread(target=resolve, name="resolver", daemon=True).start()
    try:
        found = answers.get(timeout=seconds)
    except queue.Empty:
        raise CallFailed("look_up_timed_out") from None
    if not found:
        raise CallFailed("host_not_found")
    return found
