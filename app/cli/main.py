"""The `accrual` command: its groups of commands, and its error messages."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import printing
from app.cli.demo import command
from app.cli.merchants import (
    balances,
    cookie_domain,
    erase,
    keys,
    organizations,
    partners,
    programs,
    statements,
)
from app.cli.merchants.app_users import browser_keys, client_keys, referrals, signups
from app.cli.merchants.crediting import attribution, commissions, promotion_codes
from app.cli.outbound import mails, webhooks
from app.cli.payouts import files as payout_files
from app.cli.payouts import methods as payout_methods
from app.cli.payouts import opening_balances, payouts
from app.cli.payouts import runs as payout_runs
from app.cli.payouts import settings as payout_settings
from app.cli.server import bootstrap, doctor, explain, mcp, migrate, people, up, verify
from app.cli.stripe import endpoints, events, history, send, setup, waiting
from app.cli.transfer import exports, imports
from app.errors import AccrualError
from app.version import VERSION

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError


def _print_version(is_requested: bool) -> None:
    if is_requested:
        printing.say(f"accrual {VERSION}")
        raise typer.Exit


app = typer.Typer(
    name="accrual",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def accrual(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Affiliate attribution and an append-only commission ledger for businesses that bill with Stripe."""
    del version  # its callback has printed it


app.command("up")(up.up)
app.command("demo")(command.demo)
app.command("migrate")(migrate.migrate)
app.command("mcp")(mcp.mcp)
app.command("bootstrap")(bootstrap.bootstrap)
app.add_typer(organizations.commands, name="organizations")
app.add_typer(programs.commands, name="programs")
app.add_typer(cookie_domain.commands, name="cookie-domain")
app.add_typer(partners.commands, name="partners")
app.add_typer(promotion_codes.commands, name="promotion-codes")
app.add_typer(attribution.commands, name="attribution")
app.add_typer(commissions.commands, name="commissions")
app.command("balances")(balances.balances)
app.add_typer(opening_balances.commands, name="opening-balances")
app.command("statements")(statements.statements)
app.command("statement")(statements.statement)
payouts.commands.command("preview")(payout_runs.preview)
payouts.commands.command("run")(payout_runs.run)
payouts.commands.command("files")(payout_files.files)
payouts.commands.command("import-results")(payout_files.import_results)
app.add_typer(payouts.commands, name="payouts")
app.add_typer(payout_methods.commands, name="payout-methods")
app.add_typer(payout_settings.commands, name="payout-settings")
app.add_typer(keys.commands, name="keys")
app.add_typer(people.commands, name="people")
app.command("login-link")(people.login_link)
app.add_typer(client_keys.commands, name="client-keys")
app.add_typer(browser_keys.commands, name="browser-keys")
app.add_typer(signups.commands, name="signups")
app.add_typer(referrals.commands, name="referrals")
app.add_typer(endpoints.commands, name="endpoints")
app.add_typer(events.commands, name="events")
app.add_typer(webhooks.commands, name="webhooks")
app.add_typer(mails.commands, name="mails")
app.command("stripe-setup")(setup.stripe_setup)
app.command("backfill")(history.backfill)
app.command("reconcile")(history.reconcile)
app.command("waiting")(waiting.waiting)
app.command("explain")(explain.explain)
app.command("erase")(erase.erase)
app.command("export")(exports.export)
app.add_typer(imports.commands, name="import")
app.command("verify")(verify.verify)
app.command("doctor")(doctor.doctor)
app.command("send")(send.send)


def main() -> None:
    """Run the command line. If a command fails, the reason is printed on standard error; the exit code is 1."""
    try:
        app()
    except SystemExit:  # the normal end of a command; the last clause would import SQLAlchemy
        raise
    except AccrualError as error:
        _exit_with_error(str(error))
    except _database_error() as error:
        _exit_with_error(_database_problem(error))


def _database_error() -> type[DBAPIError]:
    """What the database raises. Called only once something failed, so that `--help` loads no tables."""
    from sqlalchemy.exc import DBAPIError

    return DBAPIError


def _database_problem(error: DBAPIError) -> str:
    """The message for a database error, without the statement and its values."""
    from sqlalchemy.exc import OperationalError

    reason = str(error.orig).splitlines()[0]
    if isinstance(error, OperationalError):
        return f"the database cannot be reached: {reason}\nIs `accrual up` running, with this data directory?"
    return f"the database refused: {reason}"


def _exit_with_error(text: str) -> None:
    printing.print_error(text)
    sys.exit(1)


if __name__ == "__main__":
    main()
