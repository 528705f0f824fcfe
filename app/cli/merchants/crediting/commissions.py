"""`accrual commissions`: list, approve and reject commissions, by id or by a filter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.finding import find_partner, find_program
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, ProgramId, is_live, mode_name, require_mode
from app.cli.stripe import runs
from app.errors import InvalidRequest
from app.money import format_money
from app.organizations.actors import CLI
from app.texts import require_line

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.commissions import views
    from app.commissions.decisions.bulk_approval import ApprovalFilter, Approved


commands = typer.Typer(help="List commissions, and approve or reject them.", no_args_is_help=True)

PartnerName = Annotated[
    str | None, typer.Option("--partner", help="Its id, code or e-mail address.", show_default=False)
]
Since = Annotated[str | None, typer.Option(help="Paid then or later: a date, or 30d.", show_default=False)]
Until = Annotated[str | None, typer.Option(help="Paid before then.", show_default=False)]


@commands.command("list")
def list_(
    status: Annotated[str | None, typer.Option(help="accrued, approved, paid or reversed.", show_default=False)] = None,
    partner: PartnerName = None,
    program: ProgramId = None,
    since: Since = None,
    until: Until = None,
    *,
    livemode: LiveOrTest = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List commissions, newest first."""
    from app.commissions import queries, views
    from app.views import jsonable

    words = get_args(views.CommissionStatus)
    if status is not None and status not in words:
        raise InvalidRequest(f"status {status!r} is unknown; use one of {', '.join(words)}", param="status")
    with organizations.reading(data_dir) as (settings, session):
        owners = organizations.find_with_descendants(session, organization)
        matching = _matching(session, organization, is_live(livemode, settings), partner, program, since, until)
        query = queries.ListQuery(
            limit=limit,
            livemode=matching.livemode,
            status=status,
            partner=matching.partner,
            program_id=matching.program.id if matching.program else None,
            paid=matching.paid,
        )
        page = queries.list_commissions(session, owners, query)
        every = views.commission_bodies(session, page.rows)
    rows = [jsonable(body) if as_json else _for_people(body) for body in every]
    printing.listing(rows, as_json=as_json)
    if page.has_more:
        printing.warn(f"there are more than {limit}; see them with --limit, or choose with --since and --until")


@commands.command()
def show(
    commission_id: Annotated[str, typer.Argument(metavar="ID", help="com_…")],
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show a commission with all its times. `accrual explain` says where its amount comes from."""
    from app.commissions import queries, views
    from app.views import jsonable

    with organizations.reading(data_dir) as (_, session):
        owners = organizations.find_with_descendants(session, organization)
        row = queries.get_commission(session, owners, commission_id)
        [shown] = views.commission_bodies(session, [row])
    printing.record(jsonable(shown) if as_json else shown.model_dump(), as_json=as_json)


@commands.command()
def approve(
    public_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="com_… or cnv_….")] = None,
    partner: PartnerName = None,
    program: ProgramId = None,
    since: Since = None,
    until: Until = None,
    *,
    livemode: LiveOrTest = None,
    reason: Annotated[str, typer.Option(help="The reason, which is stored with the decision.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Approve although a dispute or fraud warning is open.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; show what would be approved.")] = False,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make commissions payable now: by id, or all that wait for approval and match a partner, a program or a time.

    A conversion is approved on every level. With --force a reason is needed.
    """
    from app import db
    from app.commissions.decisions import commands as decision_commands
    from app.commissions.decisions.bulk_approval import approve_matching

    is_filtered = any(value is not None for value in (partner, program, since, until))
    if bool(public_ids) == is_filtered or (public_ids and dry_run) or (force and not public_ids):
        message = "give ids, with or without --force, or a filter: --partner, --program, --since, --until"
        raise InvalidRequest(f"{message}; --dry-run goes with a filter", param="id")
    if reason:
        require_line(reason, param="reason")
    with organizations.database(data_dir) as settings:
        if public_ids:
            decide = partial(decision_commands.approve, reason=reason, force=force)
            printing.listing(_decided(public_ids, organization, decide, livemode), as_json=as_json)
            return
        batches: list[Approved] = []
        while not batches or (batches[-1].has_more and not dry_run):
            with db.transaction() as session:
                owners = organizations.find_with_descendants(session, organization)
                filters = _matching(session, organization, is_live(livemode, settings), partner, program, since, until)
                batches.append(
                    approve_matching(
                        session, CLI, owners, filters, organizations.cause(), reason=reason, dry_run=dry_run
                    )
                )
    _print_batches(batches, filters.livemode, dry_run=dry_run, as_json=as_json)


@commands.command()
def reject(
    public_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="com_… or cnv_….")],
    reason: Annotated[str, typer.Option(help="The reason. The partner may see it.")],
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Reject commissions, on every level. Only an approval revives them."""
    from app.commissions.decisions import commands as decision_commands

    with organizations.database(data_dir):
        decide = partial(decision_commands.reject, reason=require_line(reason, param="reason"))
        rows = _decided(public_ids, organization, decide)
    printing.listing(rows, as_json=as_json)


def _for_people(shown: views.CommissionBody) -> dict[str, Any]:
    """A line of the list."""
    return {
        "id": shown.id,
        "partner": shown.partner_code,
        "paid_by_customer": shown.occurred_at,
        "amount": f"{shown.amount} {shown.currency}",
        "reversed": f"{shown.reversed_amount} {shown.currency}",
        "status": shown.status,
        "mature_at": shown.mature_at,
        "invoice": shown.stripe_invoice_id,
    }


def _decided(
    public_ids: Sequence[str],
    organization: str | None,
    decide: Callable[..., views.ConversionBody],
    livemode: bool | None = None,
) -> list[dict[str, Any]]:
    """Decide all of `public_ids`, or none if one is refused or not of `livemode`; returns each conversion's result."""
    from app import db
    from app.commissions import queries

    rows = []
    with db.transaction() as session:
        owners = organizations.find_with_descendants(session, organization)
        for public_id in public_ids:
            conversion = queries.conversion_named(session, owners, public_id)
            require_mode(livemode, public_id, livemode=conversion.livemode)
            shown = decide(session, CLI, conversion, organizations.cause())
            amount = format_money(shown.commission_cents, shown.currency)
            rows.append({"id": shown.id, "partner": shown.partner_code, "commission": amount, "status": shown.status})
    return rows


def _matching(
    session: Session,
    organization: str | None,
    livemode: bool,
    partner: str | None,
    program: str | None,
    since: str | None,
    until: str | None,
) -> ApprovalFilter:
    from app.commissions.decisions.bulk_approval import ApprovalFilter
    from app.paging import Span

    chosen = None if program is None else find_program(session, program, organization)
    enrolled = None if partner is None else find_partner(session, partner, program, organization)
    return ApprovalFilter(livemode, enrolled, chosen, Span(runs.moment(since, "since"), runs.moment(until, "until")))


def _print_batches(batches: Sequence[Approved], livemode: bool, *, dry_run: bool, as_json: bool) -> None:
    """Print the approvals of several calls as one result."""
    from app.commissions.decisions import views as bulk_views
    from app.commissions.decisions.bulk_approval import Approved
    from app.views import jsonable

    totals: Counter[str] = Counter()
    for batch in batches:
        totals.update(batch.minor_by_currency)
    together = Approved(
        conversion_ids=[conversion_id for batch in batches for conversion_id in batch.conversion_ids],
        held_ids=batches[-1].held_ids,
        minor_by_currency=totals,
        has_more=batches[-1].has_more,
    )
    shown = bulk_views.bulk_approved(together, dry_run=dry_run)
    if as_json:
        printing.as_document(jsonable(shown))
        return
    amounts = [format_money(minor, currency) for currency, minor in totals.items()]
    approved = {"would_approve" if dry_run else "approved": shown.approved}
    printing.record({**approved, "mode": mode_name(livemode), "amounts": amounts, "on_hold": shown.on_hold})
    if together.has_more:
        printing.warn(f"more are waiting than these {shown.approved}; without --dry-run all of them are approved")
