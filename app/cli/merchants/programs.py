"""`accrual programs`: list, create and change programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.finding import find_program
from app.cli.merchants import offer
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live
from app.cli.stripe.runs import moment
from app.errors import InvalidRequest
from app.money import format_money
from app.organizations.actors import CLI
from app.texts import require_line

if TYPE_CHECKING:
    from app.partners.managing.program_terms import TermsGiven
    from app.programs.views import ProgramBody


commands = typer.Typer(help="List programs, make them, and change their terms and status.", no_args_is_help=True)

Named = Annotated[str | None, typer.Argument(metavar="[PROGRAM]", help="Its id, prog_…. Default: the default program.")]
LIST_COLUMNS = ("id", "name", "status", "commission", "holdback_days", "landing_url", "is_default")
NO_LANDING_PAGE = (
    "partners' links do not work yet, because the program has no landing page. "
    "Set it with: accrual programs change {program_id} --landing-url https://…"
)


@commands.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, newest first.")] = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List programs, newest first, each with its present terms."""
    from app.programs.programs import list_programs
    from app.programs.views import load_program_bodies

    with organizations.reading(data_dir) as (_, session):
        owners = organizations.find_with_descendants(session, organization)
        page = list_programs(session, owners, limit=limit)
        rows = [_printed(body, as_json=as_json) for body in load_program_bodies(session, page.rows)]
    if not as_json:
        rows = [{name: row[name] for name in LIST_COLUMNS} for row in rows]
    printing.listing(rows, as_json=as_json)


@commands.command()
def show(
    program: Named = None, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Show a program with its present terms."""
    from app.programs import commands as program_commands

    with organizations.reading(data_dir) as (_, session):
        row = find_program(session, program, organization)
        shown = program_commands.load_body(session, row)
    _print(shown, as_json=as_json)


@commands.command()
def add(
    name: Annotated[str, typer.Option(help="The name that partners see.")],
    *,
    rate: offer.Rate = "20",
    max_months: offer.MaxMonths = None,
    holdback_days: offer.HoldbackDays = offer.DEFAULT_HOLDBACK_DAYS,
    landing_url: offer.LandingUrl = None,
    currency: Annotated[str, typer.Option(help="The currency of flat amounts and statistics.")] = "usd",
    draft: Annotated[
        bool, typer.Option("--draft", help="Create it as a draft, which pays nothing until it is activated.")
    ] = False,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create a program that pays a percentage. It is active at once. The API can change more settings."""
    from app.programs import commands as program_commands

    offered = offer.Offer(rate, max_months, holdback_days, landing_url)
    settings = {"commission": offer.DEFAULT_COMMISSION, **offered.changes(offer.DEFAULT_COMMISSION)}
    settings |= {
        "name": require_line(name, param="name"),
        "currency": currency,
        "status": "draft" if draft else "active",
    }
    with organizations.session(data_dir) as session:
        owner = organizations.find(session, organization)
        made = program_commands.create(session, CLI, owner.id, settings)
    _print(made, as_json=as_json)


@commands.command()
def change(
    program: Named = None,
    name: Annotated[str | None, typer.Option(help="The name that partners see.", show_default=False)] = None,
    *,
    rate: offer.Rate = None,
    max_months: offer.MaxMonths = None,
    holdback_days: offer.HoldbackDays = None,
    landing_url: offer.LandingUrl = None,
    landing_host: offer.LandingHosts = None,
    open_signup: Annotated[
        bool | None,
        typer.Option(
            "--open-signup/--no-open-signup", help="Whether people can sign up as partners.", show_default=False
        ),
    ] = None,
    link_cookie: Annotated[
        Literal["on", "after_consent"] | None,
        typer.Option(help="Whether links set the cookie at once, or only after consent.", show_default=False),
    ] = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change the given fields. New terms apply to partners activated from now on and change nothing already earned."""
    from app.partners.managing import commands as managing
    from app.programs import commands as program_commands

    with organizations.session(data_dir) as session:
        row = find_program(session, program, organization)
        commission = program_commands.load_body(session, row).commission
        changes = offer.Offer(rate, max_months, holdback_days, landing_url, landing_host).changes(commission)
        if open_signup is not None:
            changes["open_signup"] = open_signup
        if link_cookie is not None:
            changes["link_cookie"] = link_cookie
        if name is not None:
            changes["name"] = require_line(name, param="name")
        changed = managing.change_program(session, CLI, row, changes)
    _print(changed, as_json=as_json)


@commands.command()
def activate(
    program: Named = None, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Activate a program that is a draft or paused."""
    _set_status(program, "active", organization, data_dir, as_json=as_json)


@commands.command()
def pause(
    program: Named = None, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Pause a program: it pays nothing on new payments until it is activated again."""
    _set_status(program, "paused", organization, data_dir, as_json=as_json)


@commands.command()
def archive(
    program: Named = None, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """End a program. What was earned stays and is still paid."""
    _set_status(program, "archived", organization, data_dir, as_json=as_json)


@commands.command()
def cutoff(
    cutoff_at: Annotated[
        str, typer.Argument(metavar="TIME", help="Such as 2026-11-01 (UTC) or 2026-11-01T09:30+01:00; none ends it.")
    ],
    program: Named = None,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set from when on payments earn; earlier ones were paid for elsewhere and count only for cycles and months."""
    from app.commissions.elsewhere import cutoffs
    from app.programs import commands as program_commands

    try:
        at = None if cutoff_at == "none" else moment(cutoff_at, "cutoff_at")
    except InvalidRequest:
        message = f"TIME {cutoff_at!r} is not a date; give one such as 2026-11-01, or none to end the cut-off"
        raise InvalidRequest(message, param="cutoff_at") from None
    with organizations.opened(data_dir) as (settings, session):
        row = find_program(session, program, organization)
        mode, by = is_live(livemode, settings), organizations.cause()
        cutoffs.set_cutoff(session, CLI, row, livemode=mode, cutoff_at=at, cause=by)
        shown = program_commands.load_body(session, row)
    _print(shown, as_json=as_json)


@commands.command("apply-terms")
def apply_terms(
    program: Named = None,
    *,
    apply_to: Annotated[
        Literal["all_customers", "new_customers"],
        typer.Option(help="new_customers: renewals of present customers are not affected."),
    ] = "all_customers",
    effective_from: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Such as 2026-12-01 (UTC), not in the past. Default: now.", show_default=False
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; only count the partners.")] = False,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give the program's present terms to partners that have earlier ones; those with their own commission keep it."""
    from app.partners.managing import program_terms

    begins_at = None if effective_from is None else moment(effective_from, "effective-from")
    with organizations.session(data_dir) as session:
        row = find_program(session, program, organization)
        given = program_terms.give_or_try(session, CLI, row, apply_to, effective_from=begins_at, dry_run=dry_run)
        currency = row.currency
    printing.record(_counted(given, currency, as_json=as_json), as_json=as_json)


def warn_without_landing_page(program_id: str, landing_url: str | None) -> None:
    """Print a warning on standard error if the program has no landing page, so that its links do not work."""
    if landing_url is None:
        printing.warn(NO_LANDING_PAGE.format(program_id=program_id))


def _set_status(
    program: str | None,
    status: Literal["active", "paused", "archived"],
    organization: str | None,
    data_dir: DataDir,
    *,
    as_json: bool,
) -> None:
    from app.partners.managing import commands as managing

    with organizations.session(data_dir) as session:
        row = find_program(session, program, organization)
        shown = managing.change_program(session, CLI, row, {"status": status})
    _print(shown, as_json=as_json)


def _counted(given: TermsGiven, currency: str, *, as_json: bool) -> dict[str, Any]:
    """How many partners got the terms; in a table, one line for each version with its partners."""
    from app.programs.shapes import shape_of

    values = given.model_dump()
    if not as_json:
        counts = values.pop("kept")
        values["kept"] = [
            f"version {terms.version} ({shape_of(terms.commission).offer(currency)}): {terms.partners}"
            for terms in given.kept.of_program
        ]
        values |= {"own_commission": counts["own"], "pending": counts["pending"]}
    return values


def _print(shown: ProgramBody, *, as_json: bool) -> None:
    printing.record(_printed(shown, as_json=as_json), as_json=as_json)
    warn_without_landing_page(shown.id, shown.landing_url)


def _printed(shown: ProgramBody, *, as_json: bool) -> dict[str, Any]:
    """The program as the API shows it; in a table its commission is in words."""
    from app.programs.shapes import shape_of

    values = shown.model_dump()
    if not as_json:
        values["commission"] = shape_of(shown.commission).offer(shown.currency)
        minimums = shown.minimum_payouts.items()
        values["minimum_payouts"] = [format_money(minor, currency) for currency, minor in minimums]
    return values
