"""`accrual signups`: record and list users of the merchant's own system who registered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live
from app.organizations.actors import CLI

COLUMNS: Final = ("id", "customer_id", "source", "partner_id", "outcome", "stripe_customer_id", "occurred_at")
"""The columns of the table: those that fit in a terminal with whole ids; JSON has all fields."""

commands = typer.Typer(help="Record and list users who registered with you.", no_args_is_help=True)


@commands.command()
def record(
    customer_id: Annotated[str, typer.Argument(metavar="CUSTOMER_ID", help="Your own id of the user.")],
    *,
    affiliate: Annotated[str | None, typer.Option(help="The affiliate that brought the user: its id or code.")] = None,
    session_id: Annotated[str | None, typer.Option("--session", help="The session of the visit, aff_sess.")] = None,
    email: Annotated[str | None, typer.Option(help="The user's address; only a hash of it is stored.")] = None,
    stripe_customer: Annotated[str | None, typer.Option(help="The Stripe customer, cus_…")] = None,
    at: Annotated[
        datetime | None, typer.Option(help="When the user registered, in UTC. Default: now.", show_default=False)
    ] = None,
    program: Annotated[str | None, typer.Option(help="The program, prog_…. Default: the default program.")] = None,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Record a user who registered, and settle what the user has paid already. Repeating it fills what was empty."""
    from app.commissions.reported import signup_outcomes, signups
    from app.programs.programs import get_program
    from app.signups.commands import Registration

    with organizations.opened(data_dir) as (settings, session):
        owner = organizations.find(session, organization)
        found = get_program(session, [owner.id], program, default_of=owner.id)
        stated = Registration(
            customer_id=customer_id,
            occurred_at=at.replace(tzinfo=UTC) if at else datetime.now(UTC),
            source=signups.BY_SERVER,
            partner_id=signups.find_partner(session, found, affiliate),
            session_id=session_id,
            email=email,
            stripe_customer_id=stripe_customer,
        )
        livemode = is_live(livemode, settings)
        signup, _ = signups.sign_up(session, CLI, found, stated, organizations.cause(), livemode=livemode)
        shown = printing.values(signup_outcomes.load_body(session, signup), as_json=as_json)
    printing.record(shown, as_json=as_json)


@commands.command("list")
def list_(
    customer_id: Annotated[str | None, typer.Option("--customer-id", help="Only this user's.")] = None,
    livemode: LiveOrTest = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the sign-ups of an organization, newest first, claims of browsers too."""
    from app.commissions.reported import signup_outcomes
    from app.signups import queries

    with organizations.opened(data_dir) as (settings, session):
        page = queries.list_signups(
            session,
            [organizations.find(session, organization).id],
            livemode=is_live(livemode, settings),
            customer_id=customer_id,
            limit=limit,
        )
        rows = [printing.values(body, as_json=as_json) for body in signup_outcomes.load_bodies(session, page.rows)]
    printing.listing(rows if as_json else [{name: row[name] for name in COLUMNS} for row in rows], as_json=as_json)
