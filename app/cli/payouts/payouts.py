"""`accrual payouts`: list and show payouts, and record what became of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import ids
from app.cli import organization as organizations
from app.cli import printing
from app.cli.finding import find_partner, find_program
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, PartnerName, ProgramId, is_live
from app.cli.payouts import shown
from app.cli.payouts.runs import ProgramName
from app.cli.stripe.runs import moment
from app.errors import InvalidRequest
from app.money import format_money
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.payouts.models import Payout

commands = typer.Typer(help="Pay partners, and record what became of each payout.", no_args_is_help=True)

PayoutId = Annotated[str, typer.Argument(metavar="PAYOUT", help="Its id, pyt_…")]
Reason = Annotated[str, typer.Option(help="Why.", show_default=False)]


@commands.command("list")
def list_(
    program: ProgramName = None,
    status: Annotated[str | None, typer.Option(help="pending, sent, paid, …", show_default=False)] = None,
    partner: Annotated[
        str | None, typer.Option("--partner", help="Its id, code or e-mail address.", show_default=False)
    ] = None,
    run_id: Annotated[str | None, typer.Option("--run", help="Of this run, pyr_….", show_default=False)] = None,
    *,
    livemode: LiveOrTest = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List a program's payouts, newest first."""
    from app.partners.queries.listing import find_named
    from app.payouts.showing import queries
    from app.payouts.transitions import STATUSES

    if status is not None and status not in STATUSES:
        raise InvalidRequest(f"status {status!r} is unknown; use one of {', '.join(STATUSES)}", param="status")
    with organizations.reading(data_dir) as (settings, session):
        owner = find_program(session, program, organization)
        owners = organizations.find_with_descendants(session, organization)
        chosen = find_named(session, owners, partner, program_id=owner.id, to_change=False) if partner else None
        query = queries.PayoutQuery(
            limit,
            is_live(livemode, settings),
            status=status,
            partner_id=chosen.id if chosen else None,
            run_id=queries.get_run(session, owners, run_id).id if run_id else None,
        )
        page = queries.list_payouts(session, owner, query)
        rows = _rows(session, page.rows, as_json=as_json)
    printing.listing(rows, as_json=as_json)
    if page.has_more:
        printing.warn(f"there are more than {limit}; see them with a higher --limit")


@commands.command()
def show(
    named: Annotated[str, typer.Argument(metavar="ID", help="A payout, pyt_…, or a run, pyr_…")],
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show a payout with the commissions and opening balances in it, or a run with its payouts and what it skipped."""
    from app.payouts.showing import queries, views
    from app.payouts.showing.run_views import run_body
    from app.views import jsonable

    with organizations.reading(data_dir) as (_, session):
        owners = organizations.find_with_descendants(session, organization)
        if ids.decode(named, ids.PAYOUT_RUN) is not None:
            body = run_body(session, queries.get_run(session, owners, named))
            shown.print_run(session, body, as_json=as_json)
            return
        payout = views.payout_detail(session, queries.get_payout(session, owners, named))
        if as_json:
            printing.as_document(jsonable(payout))
        else:
            shown.print_payout(session, payout)


@commands.command()
def release(organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Let payouts through Stripe go on that were held by a restoration. Stop the former installation first."""
    from app.payouts.connect import restored

    with organizations.session(data_dir) as session:
        owners = organizations.find_with_descendants(session, organization)
        released = restored.release(session, CLI, owners)
    printing.record({"transfers": released.transfers, "runs": released.runs}, as_json=as_json)


@commands.command()
def confirm(
    named: Annotated[str, typer.Argument(metavar="ID", help="A payout, pyt_…, or a run, pyr_…")],
    reference: Annotated[
        str | None,
        typer.Option(help="The payment's name at the bank or the provider, of one payout.", show_default=False),
    ] = None,
    paid_at: Annotated[str | None, typer.Option(help="When it was paid. Default: now.", show_default=False)] = None,
    *,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Record that a payout has reached the partner, or all of a run whose file was downloaded."""
    from app.payouts.showing import queries
    from app.payouts.showing.run_views import run_body
    from app.payouts.steps import commands as steps
    from app.payouts.steps import confirming

    when = moment(paid_at, "paid-at")
    if ids.decode(named, ids.PAYOUT_RUN) is not None:
        if reference is not None:
            raise InvalidRequest("--reference names one payout; confirm the run without it", param="reference")
        with organizations.session(data_dir) as session:
            owners = organizations.find_with_descendants(session, organization)
            run = queries.get_run(session, owners, named)
            confirming.confirm_run(session, CLI, run, organizations.cause(), paid_at=when)
            shown.print_run(session, run_body(session, run), as_json=as_json)
        return
    _change(
        named,
        lambda session, found: steps.confirm(
            session, CLI, found, organizations.cause(), reference=reference, paid_at=when
        ),
        organization,
        data_dir,
        as_json=as_json,
    )


@commands.command()
def fail(
    payout: PayoutId,
    reason: Reason,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Record that a payout did not reach the partner; its amount is payable again."""
    from app.payouts.steps import commands as steps

    _change(
        payout,
        lambda session, found: steps.fail(session, CLI, found, organizations.cause(), reason=reason),
        organization,
        data_dir,
        as_json=as_json,
    )


@commands.command()
def cancel(
    named: Annotated[str, typer.Argument(metavar="ID", help="A payout, pyt_…, or a run, pyr_…")],
    reason: Annotated[str, typer.Option(help="Why; needed with --force.", show_default=False)] = "",
    force: Annotated[bool, typer.Option("--force", help="Also if the payout's file was downloaded.")] = False,
    *,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Cancel a payout that was not paid, or what was not sent of a run; the amounts are payable again."""
    from app.payouts.reserving.commands import cancel as cancel_run
    from app.payouts.showing import queries
    from app.payouts.showing.run_views import run_body
    from app.payouts.steps import commands as steps

    if ids.decode(named, ids.PAYOUT_RUN) is None:
        _change(
            named,
            lambda session, found: steps.cancel(session, CLI, found, organizations.cause(), force=force, reason=reason),
            organization,
            data_dir,
            as_json=as_json,
        )
        return
    with organizations.session(data_dir) as session:
        owners = organizations.find_with_descendants(session, organization)
        found = cancel_run(session, CLI, queries.get_run(session, owners, named), organizations.cause())
        shown.print_run(session, run_body(session, found), as_json=as_json)


@commands.command("return")
def return_(
    payout: PayoutId,
    amount_cents: Annotated[
        int, typer.Option(help="How much of the net came back, in the currency's smallest unit.", show_default=False)
    ],
    reason: Reason,
    returned_at: Annotated[
        str | None, typer.Option(help="When it came back. Default: now.", show_default=False)
    ] = None,
    *,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Record that money of a payout came back, the whole or a part; that is payable again."""
    from app.payouts.steps import commands as steps

    when = moment(returned_at, "returned-at")
    _change(
        payout,
        lambda session, found: steps.give_back(
            session, CLI, found, organizations.cause(), amount_minor=amount_cents, reason=reason, returned_at=when
        ),
        organization,
        data_dir,
        as_json=as_json,
    )


@commands.command("write-off")
def write_off(
    partner: PartnerName,
    amount_cents: Annotated[
        int,
        typer.Option(
            help="How much, in the currency's smallest unit: positive of a balance, negative of a debt.",
            show_default=False,
        ),
    ],
    reason: Reason,
    currency: Annotated[str | None, typer.Option(help="Default: the program's currency.", show_default=False)] = None,
    program: ProgramId = None,
    *,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End a partner's balance that will never be paid, or its debt that will never be repaid."""
    from app.payouts.showing.views import written_off_body
    from app.payouts.steps import write_offs
    from app.programs.models import Program

    with organizations.opened(data_dir) as (settings, session):
        found = find_partner(session, partner, program, organization)
        done = write_offs.write_off(
            session,
            CLI,
            found,
            organizations.cause(),
            livemode=is_live(livemode, settings),
            currency=currency or session.get_one(Program, found.program_id).currency,
            amount_minor=amount_cents,
            reason=reason,
        )
        body, code = written_off_body(ids.encode(ids.PARTNER, found.id), done), found.slug
    if as_json:
        printing.as_document(body.model_dump())
    else:
        amounts = {"written_off": done.amount_minor, "payable": done.payable_minor}
        shown_amounts = {name: format_money(minor, done.currency) for name, minor in amounts.items()}
        printing.record({"id": body.id, "partner": code, **shown_amounts, "commissions": done.commission_count})


def _change(
    public_id: str,
    step: Callable[[Session, Payout], Payout],
    organization: str | None,
    data_dir: DataDir,
    *,
    as_json: bool,
) -> None:
    from app.payouts.showing.queries import get_payout

    with organizations.session(data_dir) as session:
        owners = organizations.find_with_descendants(session, organization)
        [row] = _rows(session, [step(session, get_payout(session, owners, public_id))], as_json=as_json)
    printing.record(row, as_json=as_json)


def _rows(session: Session, payouts: Sequence[Payout], *, as_json: bool) -> list[dict[str, Any]]:
    from app.payouts.showing.views import payout_body
    from app.views import jsonable

    bodies = [payout_body(payout) for payout in payouts]
    if as_json:
        return [jsonable(body) for body in bodies]
    codes = shown.load_codes(session, [*bodies])
    return [shown.row(body, codes) for body in bodies]
