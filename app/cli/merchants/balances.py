"""`accrual balances`: what is owed to each partner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app import ids
from app.cli import organization as organizations
from app.cli import printing
from app.cli.finding import find_partner, find_program
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, ProgramId, is_live, mode_name
from app.money import format_money

if TYPE_CHECKING:
    from app.partners.figures import owed


FIGURES: Final = ("accrued", "payable", "in_payout", "paid", "owed")


def balances(
    partner: Annotated[
        str | None,
        typer.Option("--partner", help="Only this partner: an id, code or e-mail address.", show_default=False),
    ] = None,
    program: ProgramId = None,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show for each partner and currency what is accrued, payable and paid, and what is owed: earned and not paid."""
    from app.partners.figures import owed

    with organizations.reading(data_dir) as (settings, session):
        owners = organizations.find_with_descendants(session, organization)
        program_id = None if program is None else find_program(session, program, organization).id
        enrolled = None if partner is None else find_partner(session, partner, program, organization)
        mode = is_live(livemode, settings)
        partner_id = enrolled.id if enrolled else None
        balances = owed.balances(session, owners, livemode=mode, program_id=program_id, partner_id=partner_id)
        rows = [_row(balance, mode, as_json=as_json) for balance in balances]
    printing.listing(rows, as_json=as_json)


def _row(balance: owed.Balance, livemode: bool, *, as_json: bool) -> dict[str, Any]:
    """A balance, with amounts as money in a table, and in the smallest unit in JSON."""
    figures = balance.figures
    minors = (
        figures.accrued_minor,
        figures.payable_minor,
        figures.clearing_minor,
        figures.received_minor,
        balance.owed_minor,
    )
    if as_json:
        named = {f"{name}_cents": minor for name, minor in zip(FIGURES, minors, strict=True)}
        partner_id = ids.encode(ids.PARTNER, balance.partner_id)
        return {"partner_id": partner_id, "code": balance.code, "currency": figures.currency, **named}
    shown = {name: format_money(minor, figures.currency) for name, minor in zip(FIGURES, minors, strict=True)}
    return {"partner": balance.code, "program": balance.program_name, "mode": mode_name(livemode), **shown}
