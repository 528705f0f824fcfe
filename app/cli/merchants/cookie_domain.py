"""`accrual cookie-domain`: where the cookie of partners' links is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, OrganizationName
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from app.touchpoints.views import CookieDomainBody

commands = typer.Typer(
    help="Show and set the domain of the cookie by which browsers remember a partner's link.", no_args_is_help=True
)


@commands.command()
def show(organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show the domain, and the cookie's name."""
    from app.touchpoints.cookie_domains import load_body

    with organizations.reading(data_dir) as (_, session):
        body = load_body(session, organizations.find(session, organization).id)
    _print(body, as_json=as_json)


@commands.command("set")
def set_(
    domain: Annotated[str, typer.Argument(help="Your site's domain, such as example.com.")],
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set the domain: your site's, so that each of its hosts gets the cookie. The links' host must be in it."""
    from app.touchpoints.cookie_domains import change, load_body

    with organizations.session(data_dir) as session:
        owner = organizations.find(session, organization)
        change(session, CLI, owner.id, domain)
        body = load_body(session, owner.id)
    _print(body, as_json=as_json)


@commands.command()
def remove(organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Remove the domain: links set a cookie of their own host."""
    from app.touchpoints.cookie_domains import load_body
    from app.touchpoints.cookie_domains import remove as remove_domain

    with organizations.session(data_dir) as session:
        owner = organizations.find(session, organization)
        remove_domain(session, CLI, owner.id)
        body = load_body(session, owner.id)
    _print(body, as_json=as_json)


def _print(body: CookieDomainBody, *, as_json: bool) -> None:
    printing.record(printing.values(body, as_json=as_json), as_json=as_json)
