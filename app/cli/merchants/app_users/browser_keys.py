"""`accrual browser-keys`: make, list and revoke public keys of pages."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live
from app.organizations.actors import CLI

commands = typer.Typer(
    help="Make, list and revoke public keys with which pages report visits and sign-ups.", no_args_is_help=True
)

KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's id, bky_…")]


@commands.command()
def create(
    origins: Annotated[
        list[str], typer.Argument(metavar="ORIGIN…", help="The origins of the pages, such as https://shop.example.com.")
    ],
    name: Annotated[str, typer.Option(help="A name for people.")] = "pages",
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create a browser key for pages on these origins."""
    from app.signups import browser_keys, views

    with organizations.opened(data_dir) as (settings, session):
        key = browser_keys.create(
            session,
            CLI,
            organizations.find(session, organization).id,
            livemode=is_live(livemode, settings),
            name=name,
            allowed_origins=origins,
        )
        made = printing.values(views.browser_key_body(key), as_json=as_json)
    printing.record(made, as_json=as_json)


@commands.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the browser keys of an organization in both modes, newest first, revoked ones too."""
    from app.signups import browser_keys, views

    with organizations.reading(data_dir) as (_, session):
        owner = organizations.find(session, organization)
        page = browser_keys.list_keys(session, [owner.id], limit=limit)
        rows = [printing.values(views.browser_key_body(key), as_json=as_json) for key in page.rows]
    printing.listing(rows, as_json=as_json)


@commands.command()
def revoke(
    key_id: KeyId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Revoke a browser key, at once and permanently."""
    from app.signups import browser_keys, views

    with organizations.session(data_dir) as session:
        owners = organizations.find_with_descendants(session, organization)
        key = browser_keys.get_key(session, owners, key_id, to_change=True)
        shown = printing.values(views.browser_key_body(browser_keys.revoke(session, CLI, key)), as_json=as_json)
    printing.record(shown, as_json=as_json)
