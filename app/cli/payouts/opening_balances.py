"""`accrual opening-balances`: what partners had earned in another system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.finding import find_partner
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, PartnerName, ProgramId, is_live
from app.cli.stripe.runs import moment
from app.errors import InvalidRequest
from app.money import format_money
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from app.commissions.elsewhere.views import OpeningBalanceBody

commands = typer.Typer(help="What partners had earned in another system: record it, and list it.", no_args_is_help=True)


@commands.command()
def record(
    partner: PartnerName,
    amount_cents: Annotated[
        int,
        typer.Option(help="In the currency's smallest unit; negative: the partner owes it.", show_default=False),
    ],
    source_id: Annotated[
        str, typer.Option(help="Its name in that system. A repetition records nothing.", show_default=False)
    ],
    occurred_at: Annotated[
        str,
        typer.Option(help="Of what time it is: 2026-11-01, or a time with its zone.", show_default=False),
    ],
    source: Annotated[str, typer.Option(help="The system it comes from.")] = "manual",
    currency: Annotated[str | None, typer.Option(help="Default: the program's currency.", show_default=False)] = None,
    program: ProgramId = None,
    *,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Record what a partner had earned elsewhere and was not paid, or owed; it is payable at once."""
    from app.commissions.elsewhere import opening_balances, views
    from app.programs.models import Program

    at = moment(occurred_at, "occurred-at")
    if at is None:
        raise InvalidRequest("--occurred-at is required", param="occurred_at")
    with organizations.opened(data_dir) as (settings, session):
        found = find_partner(session, partner, program, organization)
        earned = opening_balances.EarnedElsewhere(
            currency=currency or session.get_one(Program, found.program_id).currency,
            amount_minor=amount_cents,
            source=source,
            source_id=source_id,
            occurred_at=at,
        )
        mode, by = is_live(livemode, settings), organizations.cause()
        balance = opening_balances.record(session, CLI, found, earned, livemode=mode, cause=by)
        body = views.opening_balance_body(balance)
    if as_json:
        printing.as_document(body.model_dump())
    else:
        printing.record(_shown(body))


@commands.command("list")
def list_(
    partner: Annotated[
        str | None, typer.Option("--partner", help="Its id, code or e-mail address.", show_default=False)
    ] = None,
    program: ProgramId = None,
    *,
    livemode: LiveOrTest = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List opening balances, newest first, with what is left of each."""
    from app.commissions.elsewhere import queries, views

    with organizations.reading(data_dir) as (settings, session):
        owners = organizations.find_with_descendants(session, organization)
        chosen = None if partner is None else find_partner(session, partner, program, organization)
        mode = is_live(livemode, settings)
        page = queries.list_owned(session, owners, livemode=mode, limit=limit, partner=chosen)
        bodies = views.opening_balance_bodies(session, page.rows)
    rows = [body.model_dump() if as_json else _shown(body) for body in bodies]
    printing.listing(rows, as_json=as_json)


def _shown(body: OpeningBalanceBody) -> dict[str, Any]:
    """A balance as a row of a table, with amounts as money."""
    amounts = {"amount": body.amount_cents, "payable": body.payable_cents, "paid": body.paid_cents + body.fee_cents}
    shown = {name: format_money(minor, body.currency) for name, minor in amounts.items()}
    names = {"partner": body.partner_id, "source": body.source, "source_id": body.source_id}
    return {"id": body.id, **names, **shown, "occurred_at": body.occurred_at}
