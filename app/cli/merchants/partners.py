"""`accrual partners`: list, invite, add, change, activate, pause and ban partners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from app import ids
from app.cli import organization as organizations
from app.cli import printing
from app.cli.finding import find_partner, find_program
from app.cli.merchants import offer, programs
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, PartnerName, ProgramId, is_live
from app.errors import InvalidRequest
from app.organizations.actors import CLI
from app.partners.validation import STATUSES
from app.texts import require_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from app.partners.models import Partner


commands = typer.Typer(help="List partners, invite and add them, and set their status.", no_args_is_help=True)


@commands.command("list")
def list_(
    status: Annotated[str | None, typer.Option(help=f"One of {', '.join(STATUSES)}.", show_default=False)] = None,
    search: Annotated[str | None, typer.Option(help="Part of an e-mail, a name or a code.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    *,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List partners, newest first. Those who signed up and are not approved are pending and unconfirmed."""
    from app.cli.merchants import partner_rows
    from app.partners.queries import listing

    if status is not None and status not in STATUSES:
        raise InvalidRequest(f"status {status!r} is unknown; use one of {', '.join(STATUSES)}", param="status")
    with organizations.reading(data_dir) as (_, session):
        owners = organizations.find_with_descendants(session, organization)
        listed = listing.list_partners(session, owners, limit=limit, statuses=status and [status], search=search)
        rows = partner_rows.in_list(session, listed.rows)
    if not as_json:
        columns = ("id", "code", "email", "email_state", "status", "commission_pct", "program_id", "created_at")
        rows = [{name: row[name] for name in columns} for row in rows]
    printing.listing(rows, as_json=as_json)


@commands.command()
def show(
    partner: PartnerName,
    program: ProgramId = None,
    *,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show a partner, its link, and what it earned."""
    from app.cli.merchants import partner_rows

    with organizations.reading(data_dir) as (settings, session):
        enrolled = find_partner(session, partner, program, organization)
        mode = is_live(livemode, settings)
        values = partner_rows.whole(session, settings, enrolled, livemode=mode, for_people=not as_json)
    printing.record(values, as_json=as_json)


@commands.command()
def add(
    email: Annotated[str, typer.Option(help="The partner's e-mail address.")],
    code: Annotated[
        str | None, typer.Option(help="The code in its links. Default: made from the name.", show_default=False)
    ] = None,
    first_name: Annotated[str | None, typer.Option(show_default=False)] = None,
    last_name: Annotated[str | None, typer.Option(show_default=False)] = None,
    *,
    rate: offer.Rate = None,
    parent: Annotated[str | None, typer.Option(help="Its upline: an id, code or e-mail.", show_default=False)] = None,
    active: Annotated[bool, typer.Option("--active", help="Activate it at once, so that it earns.")] = False,
    program: ProgramId = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a partner. It earns nothing until it is activated."""
    from app.cli.merchants import partner_rows
    from app.partners.managing import commands as partner_commands
    from app.partners.queries import listing

    names = {"first_name": first_name, "last_name": last_name}
    profile: dict[str, Any] = {
        name: require_line(value, param=name) for name, value in names.items() if value is not None
    }
    with organizations.opened(data_dir) as (settings, session):
        owners = organizations.find_with_descendants(session, organization)
        offered = find_program(session, program, organization)
        made = partner_commands.add(
            session,
            CLI,
            offered,
            email=email,
            slug=code,
            commission_pct=None if rate is None else offer.percent(rate),
            parent_id=None if parent is None else _public_id(session, owners, parent, offered.id),
            **profile,
        )
        partner = listing.get_partner(session, owners, made.id, to_change=True)
        if active:
            partner_commands.move(session, CLI, partner, "approve")
        row, program_id, landing_url = (
            partner_rows.after_change(session, settings, partner),
            made.program_id,
            offered.landing_url,
        )
    printing.record(row, as_json=as_json)
    programs.warn_without_landing_page(program_id, landing_url)
    if not active:
        printing.warn(f"it earns nothing yet. Activate it with: accrual partners activate {row['code']}")


@commands.command()
def invite(
    email: Annotated[str, typer.Option(help="The partner's e-mail address.")],
    name: Annotated[
        str | None,
        typer.Option(
            help="The person's or company's name. Default: the partner gives it when it joins.", show_default=False
        ),
    ] = None,
    code: Annotated[
        str | None, typer.Option(help="The code in its links. Default: made from the name.", show_default=False)
    ] = None,
    *,
    program: ProgramId = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Invite a partner and print the link to send it.

    When the partner joins by the link, it is active and gets its own key.
    """
    from app.cli.merchants import partner_rows
    from app.partners.joining import invitations

    with organizations.opened(data_dir) as (settings, session):
        offered = find_program(session, program, organization)
        line = None if name is None else require_line(name, param="name")
        invited = invitations.invite(session, CLI, offered, email, name=line, slug=code)
        row = partner_rows.after_change(session, settings, invited.partner)
        if invited.token is not None:
            row["invitation"] = invitations.link(settings.public_url, invited.token)
        row["expires_at"] = invited.expires_at
    printing.record(row, as_json=as_json)


@commands.command()
def change(
    partner: PartnerName,
    email: Annotated[str | None, typer.Option(show_default=False)] = None,
    code: Annotated[
        str | None, typer.Option(help="The new code; the former one keeps working.", show_default=False)
    ] = None,
    rate: offer.Rate = None,
    *,
    program: ProgramId = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change the given fields. A new rate applies from now on and changes nothing already earned."""
    from app.cli.merchants import partner_rows
    from app.partners.managing import commands as partner_commands

    changes: dict[str, Any] = {"email": email, "slug": code, "commission_pct": rate and offer.percent(rate)}
    changes = {name: value for name, value in changes.items() if value is not None}
    if not changes:
        raise InvalidRequest("nothing to change; give --email, --code or --rate")
    with organizations.opened(data_dir) as (settings, session):
        enrolled = find_partner(session, partner, program, organization, to_change=True)
        partner_commands.change(session, CLI, enrolled, changes)
        row = partner_rows.after_change(session, settings, enrolled)
    printing.record(row, as_json=as_json)


@commands.command()
def activate(
    partner: PartnerName,
    program: ProgramId = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Activate a partner: a new partner at the program's present terms, a former one at the terms it had."""
    from app.partners.managing.commands import move

    _decide(partner, lambda session, row: move(session, CLI, row, "approve"), program, organization, data_dir, as_json)


@commands.command()
def reject(
    partner: PartnerName,
    reason: Annotated[str, typer.Option(help="Why; the partner can read it.")],
    program: ProgramId = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Reject the application of a partner that waits for approval."""
    from app.partners.managing.commands import reject as rejecting

    why = require_line(reason, param="reason")
    _decide(partner, lambda session, row: rejecting(session, CLI, row, why), program, organization, data_dir, as_json)


@commands.command()
def pause(
    partner: PartnerName,
    program: ProgramId = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Pause a partner: it earns nothing on new payments until it is activated again."""
    from app.partners.managing.commands import move

    _decide(partner, lambda session, row: move(session, CLI, row, "pause"), program, organization, data_dir, as_json)


@commands.command()
def ban(
    partner: PartnerName,
    program: ProgramId = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Ban a partner: it earns nothing on new payments, its pending payouts are canceled, and it has no access."""
    from app.cli.merchants import partner_rows
    from app.payouts.steps import bans

    with organizations.opened(data_dir) as (settings, session):
        enrolled = find_partner(session, partner, program, organization)
        done = bans.ban(session, CLI, enrolled, organizations.cause())
        row = partner_rows.after_change(session, settings, enrolled)
        row["canceled_payouts"] = [ids.encode(ids.PAYOUT, payout.id) for payout in done.canceled]
        row["sent_payouts"] = [ids.encode(ids.PAYOUT, payout.id) for payout in done.under_way]
    printing.record(row, as_json=as_json)


@commands.command()
def deactivate(
    partner: PartnerName,
    program: ProgramId = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End a partner's enrollment. It keeps what it earned, and its codes."""
    from app.partners.managing.commands import deactivate as ending

    _decide(partner, lambda session, row: ending(session, CLI, row), program, organization, data_dir, as_json)


def _decide(
    partner: str,
    decide: Callable[[Session, Partner], object],
    program: str | None,
    organization: str | None,
    data_dir: DataDir,
    as_json: AsJson,
) -> None:
    """Find the partner, decide about it and print it."""
    from app.cli.merchants import partner_rows

    with organizations.opened(data_dir) as (settings, session):
        enrolled = find_partner(session, partner, program, organization, to_change=True)
        decide(session, enrolled)
        row = partner_rows.after_change(session, settings, enrolled)
    printing.record(row, as_json=as_json)


def _public_id(session: Session, owners: tuple[UUID, ...], named: str, program_id: UUID) -> str:
    from app.partners.queries import listing

    parent = listing.find_named(session, owners, named, program_id=program_id)
    return ids.encode(ids.PARTNER, parent.id)
