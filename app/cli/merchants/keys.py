"""`accrual keys`: make, list and revoke API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live
from app.organizations import actors

if TYPE_CHECKING:
    from app.organizations.models import ApiKey


commands = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


@commands.command()
def create(
    name: Annotated[str, typer.Option(help="A name for people.")] = "cli",
    level: Annotated[str, typer.Option(help="read or manage.")] = "manage",
    livemode: LiveOrTest = None,
    scope: Annotated[list[str] | None, typer.Option(help="A permission; may be repeated. Default: all.")] = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create a key and print it. It is shown only now."""
    from app.organizations import keys

    with organizations.opened(data_dir) as (settings, session):
        owner = organizations.find(session, organization)
        key, plaintext = keys.issue_key(
            session,
            actors.CLI,
            owner.id,
            name=name,
            level=level,
            livemode=is_live(livemode, settings),
            scopes=scope or (),
        )
        made = {"id": keys.public_id(key), "api_key": plaintext}
    printing.record(made, as_json=as_json)


@commands.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the keys of an organization, newest first, revoked ones too."""
    from app.organizations import keys

    with organizations.reading(data_dir) as (_, session):
        owner = organizations.find(session, organization)
        rows = [_row(key) for key in keys.list_keys(session, [owner.id], limit=limit).rows]
    printing.listing(rows, as_json=as_json)


@commands.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, key_…")],
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key, at once and permanently."""
    from app.organizations import keys

    with organizations.session(data_dir) as session:
        owners = organizations.find_with_descendants(session, organization)
        revoked = _row(keys.revoke_key(session, actors.CLI, owners, key_id))
    printing.record(revoked, as_json=as_json)


def _row(key: ApiKey) -> dict[str, Any]:
    from app.organizations import keys

    return {
        "id": keys.public_id(key),
        "name": key.name,
        "livemode": key.livemode,
        "level": key.level,
        "scopes": key.scopes,
        "ends_with": key.hint,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }
