"""Agents: the library's own client, in memory, over standard input and output, and over HTTP."""

import asyncio
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult
from pydantic import SecretStr

from app.config import Settings
from app.mcp import http, server, stdio

Body = dict[str, Any]


@dataclass(frozen=True)
class Agent:
    """A connected agent."""

    client: Client

    async def call(self, tool: str, **arguments: Any) -> CallToolResult:
        return await self.client.call_tool(tool, arguments)

    async def does(self, tool: str, **arguments: Any) -> Body:
        """The structured content of a call that succeeds."""
        result = await self.call(tool, **arguments)
        assert not result.is_error, result.content
        assert isinstance(result.structured_content, dict)
        return result.structured_content

    async def is_refused(self, tool: str, **arguments: Any) -> Body:
        """The error of a call that does not."""
        result = await self.call(tool, **arguments)
        assert result.is_error
        assert isinstance(result.structured_content, dict)
        return dict(result.structured_content["error"])

    async def tools(self) -> set[str]:
        return {tool.name for tool in (await self.client.list_tools()).tools}


@dataclass(frozen=True)
class Agents:
    """How agents connect: `modern` asks for the protocol without a handshake, `legacy` for the one with it."""

    settings: Settings
    transport: str
    url: str = ""
    mode: str = "auto"

    @asynccontextmanager
    async def connect(self, key: str | None) -> AsyncIterator[Agent]:
        if self.transport == "http":
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            async with (
                httpx2.AsyncClient(headers=headers, timeout=30) as http_client,
                Client(streamable_http_client(self.url, http_client=http_client), mode=self.mode) as client,
            ):
                yield Agent(client)
            return
        async with Client(self._server(key), mode=self.mode) as client:
            yield Agent(client)

    def _server(self, key: str | None) -> Any:
        if self.transport == "memory":
            settings = self.settings.model_copy(update={"api_key": None if key is None else SecretStr(key)})
            return server.build(settings, stdio.sender_of(settings))
        command = [sys.executable, "-m", "app.cli.main", "mcp"]
        return StdioServerParameters(command=command[0], args=command[1:], env=environment(self.settings, key))


def environment(settings: Settings, key: str | None) -> dict[str, str]:
    """The environment of a process of this test's installation."""
    ours = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "ACCRUAL_SECRET_KEY": settings.secret_key.get_secret_value(),
        "ACCRUAL_DATA_DIR": str(settings.data_dir),
        "ACCRUAL_PAYOUTS_LIVE": str(settings.payouts_live),
        "PATH": os.environ["PATH"],
    }
    return ours if key is None else {**ours, "ACCRUAL_API_KEY": key}


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The address of an MCP server in this process, which is connected already."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        configuration = uvicorn.Config(http.create_app(settings), log_config=None, access_log=False)
        served = uvicorn.Server(configuration)
        thread = threading.Thread(target=served.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}{http.PATH}"
        finally:
            served.should_exit = True
            thread.join()


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Let a story happen; no step of it may take longer than a minute."""
    asyncio.run(asyncio.wait_for(story(), 60))
