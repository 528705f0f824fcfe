"""`accrual organizations`: list organizations, move them, promote affiliates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import ids
from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from app.organizations.models import Organization


commands = typer.Typer(help="List organizations, move them, make an affiliate a merchant.", no_args_is_help=True)


@commands.command("list")
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List every organization, oldest first, each with the one that manages it."""
    from app.organizations import hierarchy

    with organizations.reading(data_dir) as (_, session):
        rows = [_row(organization) for organization in hierarchy.list_all(session)]
    printing.listing(rows, as_json=as_json)


@commands.command()
def move(
    organization: Annotated[str, typer.Argument(help="Its name or id, org_…")],
    under: Annotated[
        str | None, typer.Option(help="The organization that manages it from now on, by name or id. Default: none.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Move an organization, with all below it, under another one, whose keys manage it from now on."""
    from app.organizations import hierarchy

    with organizations.session(data_dir) as session:
        moved = organizations.find(session, organization)
        parent = organizations.find(session, under) if under is not None else None
        hierarchy.move(session, CLI, moved, parent)
        row = _row(moved)
    printing.record(row, as_json=as_json)


@commands.command()
def promote(
    organization: Annotated[str, typer.Argument(metavar="ID", help="The affiliate's id, org_…")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make an affiliate a merchant, which may own programs, webhook endpoints and organizations.

    Keys it has keep their partner-side scopes; `accrual keys create --organization ID` makes one that may do more.
    """
    from app.organizations import merchants

    with organizations.session(data_dir) as session:
        promoted = organizations.find(session, organization)
        merchants.promote(session, CLI, promoted)
        row = _row(promoted)
    printing.record(row, as_json=as_json)


def _row(organization: Organization) -> dict[str, Any]:
    parent_id = organization.parent_id
    return {
        "id": ids.encode(ids.ORGANIZATION, organization.id),
        "kind": organization.kind,
        "name": organization.name,
        "parent_id": ids.encode(ids.ORGANIZATION, parent_id) if parent_id is not None else None,
        "created_at": organization.created_at,
    }
