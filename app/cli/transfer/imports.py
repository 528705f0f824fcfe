"""`accrual import`: what other installations and other tools know."""

import typer

from app.cli.transfer import restore

commands = typer.Typer(help="Import data of another installation or another tool.", no_args_is_help=True)
commands.command("accrual")(restore.restore)
