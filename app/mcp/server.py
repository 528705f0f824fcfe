"""The MCP server: its tools, and the list of those that a caller may call."""

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import partial
from typing import Any, Final

import anyio
from anyio import CapacityLimiter
from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.types import CallToolResult, ToolAnnotations
from mcp.types import Tool as ListedTool
from pydantic import ConfigDict, Field

from app.config import Settings
from app.mcp import execution, schemas
from app.mcp.calls import Call, Sender
from app.mcp.catalog import OPERATIONS
from app.mcp.operations import Operation
from app.version import VERSION

INSTRUCTIONS: Final = (
    "Accrual credits affiliate commissions for payments at Stripe. Amounts named _cents are integers in the currency's "
    "smallest unit, whatever its decimals. To pay partners, call affiliate_payout_preview, show a person what it "
    "returns, and call affiliate_payout_run with the same fields and its preview_token. To retry a call that changes "
    "something, send the same idempotency_key. explain takes any id and says why in sentences."
)

SenderOf = Callable[[Any], Sender]
"""Finds who sent a message, from the request of its transport; it may ask the database."""

_sender: ContextVar[Sender] = ContextVar("sender")


class OperationTool(Tool):
    """A tool of the library that executes one of our operations, in a thread."""

    operation: Operation = Field(exclude=True)
    settings: Settings = Field(exclude=True)
    threads: CapacityLimiter = Field(exclude=True)

    model_config = ConfigDict(arbitrary_types_allowed=True)

    async def run(
        self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False
    ) -> CallToolResult:
        """Execute the operation; the library's own validation and messages are not used."""
        del context, convert_result
        call = Call(_sender.get(), self.settings)
        execute = partial(execution.answer, self.operation, call, arguments)
        answer = await anyio.to_thread.run_sync(execute, limiter=self.threads)
        return answer.result()


class Server(MCPServer[Any]):
    """The library's server; it lists only the tools that the caller's key may call."""

    async def list_tools(self) -> list[ListedTool]:
        """The tools that the caller may call; without a key only the public ones."""
        permitted = {operation.name for operation in OPERATIONS if _may_call(operation, _sender.get())}
        return [tool for tool in await super().list_tools() if tool.name in permitted]


def build(settings: Settings, sender_of: SenderOf) -> Server:
    """The server with every tool.

    Args:
        settings: of this installation. The process must be connected, as `connections.connect` does.
        sender_of: finds who sent a message.
    """
    threads = CapacityLimiter(settings.web_threads)

    async def identified(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        sender = await anyio.to_thread.run_sync(sender_of, ctx.request, limiter=threads)
        token = _sender.set(sender)
        try:
            return await call_next(ctx)
        finally:
            _sender.reset(token)

    return Server(
        "accrual",
        version=VERSION,
        instructions=INSTRUCTIONS,
        tools=list(_tools(settings, threads)),
        subscriptions=False,
        middleware=[identified],
    )


def _tools(settings: Settings, threads: CapacityLimiter) -> Iterable[OperationTool]:
    arguments, contents = schemas.parameters(OPERATIONS), schemas.answers(OPERATIONS)
    for operation in OPERATIONS:
        yield OperationTool(
            fn=operation.execute,
            name=operation.name,
            title=None,
            description=operation.description,
            parameters=arguments[operation.name],
            fn_metadata=FuncMetadata(arg_model=ArgModelBase, output_schema=contents[operation.name]),
            is_async=True,
            annotations=_hints(operation),
            operation=operation,
            settings=settings,
            threads=threads,
        )


def _hints(operation: Operation) -> ToolAnnotations:
    if operation.changes_nothing:
        return ToolAnnotations(read_only_hint=True)
    return ToolAnnotations(read_only_hint=False, destructive_hint=operation.is_destructive)


def _may_call(operation: Operation, sender: Sender) -> bool:
    return operation.permission is None or (sender.caller is not None and sender.caller.may(operation.permission))
