"""`accrual mcp`: serves agents, over standard input and output or over HTTP."""

from typing import Annotated

import typer

from app.cli.options import DataDir


def mcp(
    data_dir: DataDir = None,
    http: Annotated[
        bool, typer.Option("--http", help="Serve streamable HTTP at /mcp, instead of standard input and output.")
    ] = False,
    host: Annotated[str, typer.Option(help="With --http: the address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="With --http: the port.")] = 8001,
) -> None:
    """Serve agents by the Model Context Protocol (MCP), as the key in ACCRUAL_API_KEY or, with --http, in each request.

    Without a key an agent can only sign up as a partner.
    """
    from app import config, logs
    from app.mcp import connections

    settings = config.load(data_dir)
    logs.configure(settings.log_format, level=settings.log_level if http else "warning")
    connections.connect(settings)
    if http:
        from app.mcp.http import serve

        serve(settings, host, port)
    else:
        from app.mcp import stdio

        stdio.serve(settings)
