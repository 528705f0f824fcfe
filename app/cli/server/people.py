"""`accrual people` and `accrual login-link`: who signs in to the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import ids
from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, OrganizationName
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.people.memberships import Member


commands = typer.Typer(help="Add people who sign in to the pages, and set what they may do.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(metavar="PERSON", help="The person's e-mail address or id, usr_….")]
Role = Annotated[
    str,
    typer.Option(
        help="owner (everything), manager (all but keys, people, Stripe secrets and payout settings) or viewer (reads)."
    ),
]


@commands.command()
def add(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address.")],
    role: Role = "viewer",
    name: Annotated[str | None, typer.Option(help="A name for the other people of the organization.")] = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a person to an organization. `accrual login-link EMAIL` prints a link by which the person signs in."""
    from app.people import memberships

    with organizations.session(data_dir) as session:
        owner = organizations.find(session, organization)
        added = _row(memberships.add(session, CLI, owner.id, email=email, role=role, name=name))
    printing.record(added, as_json=as_json)


@commands.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the people of an organization, newest first, disabled ones too."""
    from app.people import memberships

    with organizations.reading(data_dir) as (_, session):
        owner = organizations.find(session, organization)
        rows = [_row(member) for member in memberships.list_members(session, owner.id, limit=limit).rows]
    printing.listing(rows, as_json=as_json)


@commands.command()
def disable(
    person: Who, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Take a person out of an organization; its sessions there end at once. `people add` lets it in again."""
    from app.people import memberships

    with organizations.session(data_dir) as session:
        member = _find(session, organization, person)
        disabled = _row(memberships.disable(session, CLI, member))
    printing.record(disabled, as_json=as_json)


@commands.command()
def role(
    person: Who,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="owner, manager or viewer.")],
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set what a person may do in an organization, from its next request on."""
    from app.people import memberships

    with organizations.session(data_dir) as session:
        member = _find(session, organization, person)
        changed = _row(memberships.set_role(session, CLI, member, role))
    printing.record(changed, as_json=as_json)


def login_link(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The address of a person that was added.")],
    data_dir: DataDir = None,
) -> None:
    """Print a link by which a person signs in: once, within 15 minutes. The link is the last line."""
    from app.people import login_links

    with organizations.opened(data_dir) as (settings, session):
        address = login_links.address(settings.public_url, login_links.issue_for(session, CLI, email))
    printing.say("This link signs in once, within 15 minutes. Anyone who has it can use it:")
    printing.say(address)


def _find(session: Session, organization: str | None, person: str) -> Member:
    from app.people import memberships

    owner = organizations.find(session, organization)
    if person.startswith(f"{ids.PERSON}_"):
        return memberships.get(session, [owner.id], person)
    return memberships.find_by_email(session, owner.id, person)


def _row(member: Member) -> dict[str, Any]:
    membership, person = member
    return {
        "id": ids.encode(ids.PERSON, person.id),
        "email": person.email,
        "name": membership.name,
        "role": membership.role,
        "created_at": membership.created_at,
        "disabled_at": membership.disabled_at,
    }
