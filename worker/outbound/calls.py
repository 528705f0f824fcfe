"""One HTTP request to a server of someone else: to a checked address, without redirects and proxies, within limits."""

import functools
import http.client
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Final

import urllib3.exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection

from app import version
from app.errors import CallFailed
from app.immutable import immutable
from app.outbound.addresses import Target
from app.sentences.problems import Problem
from worker.outbound import resolving, time_limits

LIMIT_SECONDS: Final = 10.0
"""For everything: look-up, connection, request and answer."""
CONNECT_SECONDS: Final = 5.0
"""The most for one address, so that the next one is tried too."""
READ_BYTES: Final = 64 * 1024
"""Of an answer's body; what follows is not read."""
KEPT_BYTES: Final = 1024
"""Of an answer's body, for the owner to see."""

BROKEN: Final = (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError, ValueError)
"""What a server can cause that does not keep to the protocol."""


@immutable
class Answer:
    """What a server answered: the status, and the beginning of the body as text."""

    status: int
    body_start: str

    @property
    def problem(self) -> Problem | None:
        """Why this does not count as accepted; None for 2xx. A redirect is not followed, so it is a failure too."""
        if 200 <= self.status < 300:
            return None
        return {"problem": "redirected" if 300 <= self.status < 400 else "answered_with", "status": self.status}


def call(
    target: Target,
    method: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    allow_private: bool = False,
) -> Answer:
    """Send a request and return the answer.

    Raises:
        AddressRefused: the host has an address that is not public.
        CallFailed: `host_not_found`, `not_connected`, `certificate_refused`, `answer_unreadable`, or `…_timed_out`.
    """
    deadline = time.monotonic() + LIMIT_SECONDS
    found = resolving.checked_addresses(target, seconds=LIMIT_SECONDS, allow_private=allow_private)
    with closing(_connected(target, found, deadline)) as connection:
        socket = connection.sock  # kept here, because the connection forgets it once the answer has begun
        try:
            with time_limits.closed_after(lambda: socket, _left(deadline)):
                answer = _exchange(connection, target, method, headers or {}, body)
        except BROKEN as failure:
            raise _problem(
                failure, deadline, CallFailed("answer_timed_out"), CallFailed("answer_unreadable", error=_name(failure))
            ) from None
    if time.monotonic() >= deadline:  # a body without a stated length ends where it was cut off
        raise CallFailed("answer_timed_out")
    return answer


def _connected(target: Target, found: list[str], deadline: float) -> HTTPConnection:
    """A connection to the first of these addresses that accepts one; the certificate must be for the name."""
    failure = CallFailed("not_connected", error="no address")
    for address in found:
        connection = _connection(target, address, min(CONNECT_SECONDS, _left(deadline)))
        try:
            connection.connect()  # the handshake is within the same time-out, as a whole
        except BROKEN as error:
            connection.close()
            failure = _problem(
                error, deadline, CallFailed("connection_timed_out"), CallFailed("not_connected", error=_name(error))
            )
        else:
            connection.timeout = _left(deadline)
            return connection
    raise failure


def _connection(target: Target, address: str, seconds: float) -> HTTPConnection:
    if target.scheme == "http":
        return HTTPConnection(address, target.port, timeout=seconds)
    return HTTPSConnection(
        address,
        target.port,
        timeout=seconds,
        ssl_context=trusted_authorities(),
        server_hostname=target.host,
    )


def _exchange(
    connection: HTTPConnection, target: Target, method: str, headers: Mapping[str, str], body: bytes | None
) -> Answer:
    connection.request(
        method,
        target.path,
        body,
        {
            "Host": target.authority,
            "User-Agent": f"Accrual/{version.VERSION}",
            "Accept-Encoding": "identity",
            "Connection": "close",
            **headers,
        },
        preload_content=False,
        decode_content=False,
    )
    response = connection.getresponse()
    received = response.read(READ_BYTES, decode_content=False)
    return Answer(response.status, _storable(received[:KEPT_BYTES]))


def _storable(received: bytes) -> str:
    """The bytes as text; what Postgres cannot store is replaced."""
    return received.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _problem(error: Exception, deadline: float, late: CallFailed, otherwise: CallFailed) -> CallFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        return CallFailed("certificate_refused", reason=error.verify_message)
    return late if _is_late(error) or time.monotonic() >= deadline else otherwise


def _is_late(error: Exception) -> bool:
    """Whether a time-out ended it. The library counts a refused connection as one too."""
    late = isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError)
    return late and not isinstance(error, urllib3.exceptions.NewConnectionError)


def _name(error: Exception) -> str:
    """The kind of an error, never its text, which may contain a part of the answer."""
    return type(error.__cause__ or error).__name__


def _left(deadline: float) -> float:
    """Seconds until then, and never none, which would mean no limit."""
    return max(0.001, deadline - time.monotonic())


@functools.cache
def trusted_authorities() -> ssl.SSLContext:
    """The system's certificate authorities, loaded once, because that takes long."""
    return ssl.create_default_context()
