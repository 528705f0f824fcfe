"""Command line: erasing a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, OrganizationName
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from app.transfer.erasure.views import ErasureBody


def erase(
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help="A Stripe customer cus_…, a partner par_…, or an e-mail address.")
    ],
    *,
    force: Annotated[bool, typer.Option("--force", help="Also while a partner is owed money.")] = False,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Erase a person for good: addresses, names, metadata, payout accounts. Amounts and the ledger stay."""
    from app import db
    from app.transfer.erasure import commands

    with organizations.database(data_dir):
        with db.transaction() as session:
            owner = organizations.find(session, organization)
            begun = commands.begin(session, CLI, owner.id, subject, force=force)
        with db.transaction() as session:
            body = commands.finish(session, begun, organizations.cause())
    if as_json:
        printing.as_document(body.model_dump(mode="json"))
    else:
        _print(body)


def _print(body: ErasureBody) -> None:
    printing.record({"id": body.id, "customers": ", ".join(body.customers), "partners": ", ".join(body.partners)})
    printing.record(body.counts)
    for file in body.payout_files:
        printing.say(f"still holds the person: {file.name} ({file.id} of {file.run_id}); erase your copies")
    for export in body.exports:
        printing.say(f"may hold the person: export {export}; delete it and your copies")
