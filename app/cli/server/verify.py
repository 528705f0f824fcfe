"""`accrual verify`: checks every rule of the ledger."""

from dataclasses import asdict

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir


def verify(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Check every rule of the ledger; list each breach and exit with 1 if there is one."""
    from app.integrity import verify as ledger

    with organizations.reading(data_dir) as (_, session):
        breaches = ledger.verify(session)
    if as_json:
        printing.as_document([asdict(breach) for breach in breaches])
    elif breaches:
        printing.listing([{"broken rule": breach.rule, "where": breach.what} for breach in breaches])
    else:
        printing.say("The ledger is sound: no rule is broken.")
    if breaches:
        raise typer.Exit(1)
