"""The server over streamable HTTP at `/mcp`: an ASGI application, and the middleware that reads the API key.

The library's own authorization is not used: it closes the whole endpoint and demands an OAuth issuer, but signing up
needs no key. Nothing is kept between two requests, so any number of processes can serve, in both eras of the protocol:
with a handshake (to 2025-11-25) and without (2026-07-28).
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import uvicorn
from anyio import CapacityLimiter
from mcp.server.transport_security import TransportSecuritySettings
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import ids
from app.client_addresses import client_address
from app.config import Settings
from app.errors import RateLimited, RequestError, Unauthenticated
from app.mcp import answers, execution, server
from app.mcp.calls import Sender
from app.organizations import access, request_limits
from app.runtime.logins import warn_of_excess_rights

PATH: Final = "/mcp"
MAX_BODY_BYTES: Final = 1024 * 1024
SENDER: Final = "accrual_sender"
"""The entry of a request's scope with who sent it."""
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
TOO_MANY_GUESSES: Final = "too many unknown keys from this address; wait a minute"
MOST_CONNECTIONS: Final = 512
STOP_SECONDS: Final = 10


class Authorization:
    """Middleware that identifies the caller of each request, and refuses unknown keys and other methods than POST."""

    def __init__(self, application: ASGIApp, settings: Settings) -> None:
        self._application = application
        self._settings = settings
        self._threads = CapacityLimiter(settings.web_threads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its sender, or answer it."""
        if scope["type"] == "http" and scope["path"] == PATH:
            request = Request(scope)
            if request.method != "POST":
                # There are no streams to open and no sessions to end.
                await Response(status_code=405, headers={"Allow": "POST"})(scope, receive, send)
                return
            sender = await anyio.to_thread.run_sync(self._identify, request, limiter=self._threads)
            send = _with_headers(send, {"X-Request-Id": sender.request_id, "Cache-Control": "no-store"})
            if sender.problem is not None:
                await _refusal(sender.problem)(scope, receive, send)
                return
            scope[SENDER] = sender
        await self._application(scope, receive, send)

    def _identify(self, request: Request) -> Sender:
        peer = request.client.host if request.client else ""
        forwarded_for = ",".join(request.headers.getlist("X-Forwarded-For"))
        address = client_address(peer, forwarded_for, self._settings.trusted_proxies)
        request_id = ids.of_request(request.headers.get("X-Request-Id", ""))
        authorization = request.headers.get("Authorization")
        if authorization is None:
            return Sender(None, address, request_id)
        try:
            return Sender(access.identify_agent(authorization), address, request_id)
        except Unauthenticated as problem:
            counted = request_limits.count(f"address:{address}", is_write=True)
            is_limited = counted is not None and counted.is_exceeded
            return Sender(None, address, request_id, RateLimited(TOO_MANY_GUESSES) if is_limited else problem)
        except (RequestError, SQLAlchemyError) as problem:
            return Sender(None, address, request_id, problem)


def create_app(settings: Settings) -> ASGIApp:
    """The ASGI application. The process must be connected, as `connections.connect` does."""
    application = server.build(settings, _sender_of).streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=MAX_BODY_BYTES,
        transport_security=allowed(settings.public_url),
    )
    return Authorization(application, settings)


def allowed(public_url: str) -> TransportSecuritySettings:
    """The hosts by which requests may name this server, and the origins that pages may call it from.

    Requests for other hosts are refused: a page whose name was made to lead to this machine would send its own.
    """
    address = urlsplit(public_url)
    host = address.hostname or ""
    names = dict.fromkeys([f"[{host}]" if ":" in host else host, *LOOPBACK])
    return TransportSecuritySettings(
        allowed_hosts=[one for name in names for one in (name, f"{name}:*")],
        allowed_origins=[f"{address.scheme}://{address.netloc}"],
    )


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve on this address until a signal ends the process."""
    warn_of_excess_rights(settings.web_database_url or settings.database_url, for_web=True)
    uvicorn.run(
        create_app(settings),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def _with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    """Sends a response with these headers added."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return send_with_headers


def _sender_of(request: Any) -> Sender:
    sender: Sender = request.scope[SENDER]
    return sender


def _refusal(problem: RequestError | SQLAlchemyError) -> Response:
    answer = answers.of_refusal(problem) if isinstance(problem, RequestError) else execution.of_failure(problem)
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "60"}}.get(answer.status)
    return JSONResponse(answer.content, answer.status, headers)
