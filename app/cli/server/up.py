"""`accrual up`: runs all processes of Accrual."""

from typing import Annotated

import typer

from app.cli import printing
from app.cli.options import DataDir


def up(
    data_dir: DataDir = None,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port of the web server, on 127.0.0.1.")] = 8000,
    mcp: Annotated[
        bool, typer.Option("--mcp", help="Serve agents too, by MCP over HTTP, on the port above --port.")
    ] = False,
) -> None:
    """Serve until Ctrl-C: web, workers and clock, with a Postgres and a Valkey of their own.

    Set DATABASE_URL or REDIS_URL to use yours instead. A process that ends is started again.
    """
    from app.runtime import stack, supervisor

    with supervisor.interruptible(), stack.serve(data_dir, port, with_mcp=mcp) as running:
        running.wait_until_ready()
        printing.say(f"ready {running.url}")
        if running.mcp_url is not None:
            printing.say(f"mcp {running.mcp_url}")
        supervisor.supervise(running.children)
