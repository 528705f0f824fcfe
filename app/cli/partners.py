"""`accrual partners`: who earns, added, activated, paused and banned."""

from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from app import config, db, ids
from app.cli import offer, printing, programs
from app.cli import organization as organizations
from app.cli.options import AsJson, DataDir, OrganizationName, ProgramId
from app.errors import InvalidRequest
from app.organizations.audit import CLI
from app.partners import listing, partner_commands, program_partners, shapes, snapshots, statistics
from app.partners.models import Partner, Program
from app.partners.own import bare_link_leads_to, redirect_link
from app.partners.programs import get_program
from app.partners.terms import terms_in_force
from app.texts import require_line

commands = typer.Typer(help="List partners, add them, and say who earns.", no_args_is_help=True)

Named = Annotated[str, typer.Argument(metavar="PARTNER", help="Its id, code or e-mail address.")]


@commands.command("list")
def list_(
    status: Annotated[str | None, typer.Option(help="invited, active or deactivated.", show_default=False)] = None,
    search: Annotated[str | None, typer.Option(help="Part of an e-mail, a name or a code.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    *,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List partners, newest first."""
    if status is not None and status not in listing.STATUSES_OF:
        raise InvalidRequest(
            f"status {status!r} is unknown; use one of {', '.join(listing.STATUSES_OF)}", param="status"
        )
    with organizations.database(data_dir), db.transaction() as session:
        owners = organizations.find_with_descendants(session, organization)
        found, _ = listing.list_partners(session, owners, limit=limit, status=status, search=search)
        stamped = snapshots.in_force_of_each(session, [one.id for one in found.rows])
        rows = [shapes.partner_body(one, stamped.get(one.id)).model_dump() for one in found.rows]
    if not as_json:
        columns = ("id", "slug", "email", "status", "commission_pct", "created_at")
        rows = [{name: row[name] for name in columns} for row in rows]
    printing.listing(rows, as_json=as_json)


@commands.command()
def show(
    partner: Named,
    program: ProgramId = None,
    *,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show a partner, its link, and what it earned."""
    with organizations.database(data_dir) as settings, db.transaction() as session:
        found = _find(session, partner, program, organization)
        offered = session.get_one(Program, found.program_id)
        every = statistics.of_partner(session, found, offered)
        snapshot = snapshots.in_force(session, found.id)
        values = shapes.partner_with_stats(found, snapshot, every, offered.currency).model_dump()
        values["link"] = _link(session, settings, found)
    printing.record(values, as_json=as_json)


@commands.command()
def add(
    email: Annotated[str, typer.Option(help="The partner's e-mail address.")],
    code: Annotated[
        str | None, typer.Option(help="The code in its links. Left out: made from the name.", show_default=False)
    ] = None,
    first_name: Annotated[str | None, typer.Option(show_default=False)] = None,
    last_name: Annotated[str | None, typer.Option(show_default=False)] = None,
    *,
    rate: offer.Rate = None,
    parent: Annotated[str | None, typer.Option(help="Its upline: an id, code or e-mail.", show_default=False)] = None,
    active: Annotated[bool, typer.Option("--active", help="It earns from now on, as after `activate`.")] = False,
    program: ProgramId = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a partner. It earns nothing until it is activated."""
    names = {"first_name": first_name, "last_name": last_name}
    profile: dict[str, Any] = {
        name: require_line(given, param=name) for name, given in names.items() if given is not None
    }
    with organizations.database(data_dir) as settings, db.transaction() as session:
        owners = organizations.find_with_descendants(session, organization)
        offered = get_program(session, owners, program, default_of=owners[0])
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
        row, program_id, landing_url = _row(session, settings, partner), made.program_id, offered.landing_url
    printing.record(row, as_json=as_json)
    programs.warn_without_landing_page(program_id, landing_url)
    if not active:
        printing.warn(f"it earns nothing yet. Let it earn with: accrual partners activate {row['code']}")


@commands.command()
def change(
    partner: Named,
    email: Annotated[str | None, typer.Option(show_default=False)] = None,
    code: Annotated[
        str | None, typer.Option(help="The new code; the former one still works.", show_default=False)
    ] = None,
    rate: offer.Rate = None,
    *,
    program: ProgramId = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given. A new rate holds from now on and never touches what was earned."""
    changes: dict[str, Any] = {"email": email, "slug": code, "commission_pct": rate and offer.percent(rate)}
    changes = {name: value for name, value in changes.items() if value is not None}
    if not changes:
        raise InvalidRequest("nothing to change; give --email, --code or --rate")
    with organizations.database(data_dir) as settings, db.transaction() as session:
        found = _find(session, partner, program, organization)
        partner_commands.change(session, CLI, found, changes)
        row = _row(session, settings, found)
    printing.record(row, as_json=as_json)


@commands.command()
def activate(
    partner: Named,
    program: ProgramId = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let a partner earn: a new one at the program's terms of today, one that is back at the terms it had."""
    _move(partner, "approve", program, organization, data_dir, as_json=as_json)


@commands.command()
def pause(
    partner: Named,
    program: ProgramId = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let a partner earn nothing on new payments until it is activated again."""
    _move(partner, "pause", program, organization, data_dir, as_json=as_json)


@commands.command()
def ban(
    partner: Named,
    program: ProgramId = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Shut a partner out: it earns nothing on new payments, is paid nothing, and cannot log in."""
    _move(partner, "ban", program, organization, data_dir, as_json=as_json)


@commands.command()
def deactivate(
    partner: Named,
    program: ProgramId = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End a partner's enrollment. It keeps what it earned, and its codes."""
    with organizations.database(data_dir) as settings, db.transaction() as session:
        found = _find(session, partner, program, organization)
        partner_commands.deactivate(session, CLI, found)
        row = _row(session, settings, found)
    printing.record(row, as_json=as_json)


def _move(
    partner: str,
    wanted: program_partners.Move,
    program: str | None,
    organization: str | None,
    data_dir: DataDir,
    *,
    as_json: bool,
) -> None:
    with organizations.database(data_dir) as settings, db.transaction() as session:
        found = _find(session, partner, program, organization)
        partner_commands.move(session, CLI, found, wanted)
        row = _row(session, settings, found)
    printing.record(row, as_json=as_json)


def _find(session: Session, named: str, program: str | None, organization: str | None) -> Partner:
    owners = organizations.find_with_descendants(session, organization)
    program_id = None if program is None else get_program(session, owners, program, default_of=owners[0]).id
    return listing.find_named(session, owners, named, program_id=program_id)


def _public_id(session: Session, owners: tuple[UUID, ...], named: str, program_id: UUID) -> str:
    parent = listing.find_named(session, owners, named, program_id=program_id)
    return ids.encode(ids.PARTNER, parent.id)


def _row(session: Session, settings: config.Settings, partner: Partner) -> dict[str, Any]:
    """What is printed of a partner after a change, with the link to hand on."""
    from app.partners.offers import rate_in_words  # noqa: PLC0415 - so that `accrual --help` loads little

    shown = partner_commands.shown_with_rate(session, partner)
    snapshot = snapshots.in_force(session, partner.id)
    terms = snapshot or terms_in_force(session, partner.program_id)
    currency = session.get_one(Program, partner.program_id).currency
    return {
        "id": shown.id,
        "code": shown.slug,
        "email": shown.email,
        "status": shown.status,
        "commission_pct": shown.commission_pct,
        "earns": rate_in_words(terms.commission, currency),
        "program_id": shown.program_id,
        "link": _link(session, settings, partner),
    }


def _link(session: Session, settings: config.Settings, partner: Partner) -> str:
    """The link to hand on; it names the program where the bare one leads to another owner's partner."""
    program_id = None if bare_link_leads_to(session, partner) else ids.encode(ids.PROGRAM, partner.program_id)
    return redirect_link(settings.public_url, partner.slug, program_id)
