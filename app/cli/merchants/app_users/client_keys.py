"""`accrual client-keys`: make, change, list and revoke keys with which apps call for their users."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.referrals.models import ClientKey

commands = typer.Typer(help="Make, change, list and revoke keys with which apps call.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's id, cky_…")]
CLAIMS_HELP = "per_code: an app user claims each referral code once; once: one code in all."


@commands.command()
def create(
    name: Annotated[str, typer.Option(help="A name for people.")] = "app",
    claims: Annotated[str, typer.Option(help=CLAIMS_HELP)] = "per_code",
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create a client key and print it with its secret, which is shown only now."""
    from app.referrals import client_keys, views

    with organizations.opened(data_dir) as (settings, session):
        key, secret = client_keys.create(
            session,
            CLI,
            organizations.find(session, organization).id,
            settings,
            livemode=is_live(livemode, settings),
            name=name,
            claims=claims,
        )
        made = printing.values(views.new_client_key_body(key, secret), as_json=as_json)
    printing.record(made, as_json=as_json)


@commands.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the client keys of an organization in both modes, newest first, revoked ones too."""
    from app.referrals import client_keys, views

    with organizations.reading(data_dir) as (_, session):
        owner = organizations.find(session, organization)
        page = client_keys.list_keys(session, [owner.id], limit=limit)
        rows = [printing.values(views.client_key_body(key), as_json=as_json) for key in page.rows]
    printing.listing(rows, as_json=as_json)


@commands.command()
def change(
    key_id: KeyId,
    name: Annotated[str | None, typer.Option(help="Another name for people.")] = None,
    claims: Annotated[str | None, typer.Option(help=CLAIMS_HELP)] = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change the name of a client key, or how often its app users claim codes."""
    from app.referrals import client_keys

    changes = {field: value for field, value in {"name": name, "claims": claims}.items() if value is not None}
    _print_changed(
        key_id,
        organization,
        data_dir,
        lambda session, key: client_keys.change(session, CLI, key, changes),
        as_json=as_json,
    )


@commands.command()
def revoke(
    key_id: KeyId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Revoke a client key, at once and permanently, and delete its secret."""
    from app.referrals import client_keys

    _print_changed(
        key_id, organization, data_dir, lambda session, key: client_keys.revoke(session, CLI, key), as_json=as_json
    )


def _print_changed(
    key_id: str,
    organization: str | None,
    data_dir: Path | None,
    apply: Callable[[Session, ClientKey], ClientKey],
    *,
    as_json: bool,
) -> None:
    from app.referrals import client_keys, views

    with organizations.session(data_dir) as session:
        owners = organizations.find_with_descendants(session, organization)
        key = apply(session, client_keys.get_key(session, owners, key_id, to_change=True))
        shown = printing.values(views.client_key_body(key), as_json=as_json)
    printing.record(shown, as_json=as_json)
