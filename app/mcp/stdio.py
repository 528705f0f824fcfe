"""The server over standard input and output, started by the program of an agent; its key is `ACCRUAL_API_KEY`."""

from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from app import ids
from app.config import Settings
from app.errors import ConfigurationError, RequestError, Unauthenticated
from app.mcp import server
from app.mcp.calls import Sender
from app.mcp.server import SenderOf
from app.organizations import access

ADDRESS = "stdio"
"""What calls without a key are counted by: there is no network address."""


def serve(settings: Settings) -> None:
    """Serve until standard input ends.

    Raises:
        ConfigurationError: `ACCRUAL_API_KEY` is unknown or revoked.
    """
    find = sender_of(settings)
    if isinstance(problem := find(None).problem, Unauthenticated):
        raise ConfigurationError(f"ACCRUAL_API_KEY: {problem}; create a key with `accrual keys create`")
    server.build(settings, find).run("stdio")


def sender_of(settings: Settings) -> SenderOf:
    """Identifies the key with each message, as each request of REST does, so that a revoked key ends at once."""

    def find(_request: Any) -> Sender:
        request_id = ids.of_request("")
        if settings.api_key is None:
            return Sender(None, ADDRESS, request_id)
        try:
            caller = access.identify_agent(f"Bearer {settings.api_key.get_secret_value()}")
        except (RequestError, SQLAlchemyError) as problem:
            return Sender(None, ADDRESS, request_id, problem)
        return Sender(caller, ADDRESS, request_id)

    return find
