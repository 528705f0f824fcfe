"""`accrual payout-methods`: how partners are paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.finding import find_partner
from app.cli.options import (
    AsJson,
    DataDir,
    LiveOrTest,
    OrganizationName,
    PartnerName,
    ProgramId,
    is_live,
    naming_options,
)
from app.errors import InvalidRequest
from app.organizations.actors import CLI
from app.partners.payout_methods.destinations.fields import FIELDS, METHODS

if TYPE_CHECKING:
    from app.payouts.partner_methods.views import PayoutMethodBody

commands = typer.Typer(help="Show and set how partners are paid.", no_args_is_help=True)

OPTIONS: Final[Mapping[str, str]] = {name: f"--{name.replace('_', '-')}" for name in FIELDS}
"""The option of each field of a destination."""


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
    """Show how a partner is paid (masked), why it cannot be paid now, and what its next payout has."""
    from app.payouts.partner_methods.views import load_body

    with organizations.reading(data_dir) as (settings, session):
        enrolled = find_partner(session, partner, program, organization)
        body = load_body(session, enrolled, livemode=is_live(livemode, settings))
    _print(body, as_json=as_json)


@commands.command()
def available(
    partner: PartnerName,
    country: Annotated[
        str | None, typer.Option(help="Where the money goes: two letters, such as DE.", show_default=False)
    ] = None,
    currency: Annotated[str | None, typer.Option(help="Default: the program's.", show_default=False)] = None,
    program: ProgramId = None,
    *,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show which methods can pay a partner, and why the others cannot."""
    from app.payouts.partner_methods.views import load_available

    with organizations.reading(data_dir) as (settings, session):
        enrolled = find_partner(session, partner, program, organization)
        body = load_available(
            session,
            enrolled,
            country=country and country.upper(),
            currency=currency and currency.lower(),
            livemode=is_live(livemode, settings),
        )
    rows = [one.model_dump() for one in body.methods]
    if not as_json:
        rows = [{"method": row["method"], "available": row["sentence"] or "yes"} for row in rows]
    printing.listing(rows, as_json=as_json)


@commands.command("set")
def set_(
    partner: PartnerName,
    method: Annotated[str, typer.Option(help=f"One of {', '.join(METHODS)}.")],
    *,
    email: Annotated[
        str | None, typer.Option(help="For paypal and payoneer, and wise without an account.", show_default=False)
    ] = None,
    account_holder: Annotated[
        str | None, typer.Option(help="For wise and bank_transfer: the name on the account.", show_default=False)
    ] = None,
    iban: Annotated[str | None, typer.Option(help="For wise and bank_transfer.", show_default=False)] = None,
    bic: Annotated[
        str | None, typer.Option(help="For wise and bank_transfer, if the bank needs it.", show_default=False)
    ] = None,
    account_number: Annotated[str | None, typer.Option(help="Where accounts have no IBAN.", show_default=False)] = None,
    town: Annotated[
        str | None, typer.Option(help="For bank_transfer: where the holder lives.", show_default=False)
    ] = None,
    country: Annotated[str | None, typer.Option(help="Two letters, such as DE.", show_default=False)] = None,
    receiver_type: Annotated[
        str | None, typer.Option(help="For wise: person or institution.", show_default=False)
    ] = None,
    network: Annotated[str | None, typer.Option(help="For crypto, such as bitcoin.", show_default=False)] = None,
    address: Annotated[
        str | None, typer.Option(help="For crypto: where the money is sent to.", show_default=False)
    ] = None,
    reference: Annotated[
        str | None, typer.Option(help="For external: its name in your own system.", show_default=False)
    ] = None,
    program: ProgramId = None,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set how a partner is paid from now on, with the fields that the method needs.

    Payouts that are reserved keep their destination.
    """
    from app.payouts.partner_methods.commands import choose
    from app.payouts.partner_methods.views import load_body

    if method not in METHODS:
        raise InvalidRequest(f"method {method!r} is unknown; use one of {', '.join(METHODS)}", param="method")
    given = {"email": email, "account_holder": account_holder, "iban": iban, "bic": bic, "town": town}
    given |= {"account_number": account_number, "country": country, "receiver_type": receiver_type}
    given |= {"network": network, "address": address, "reference": reference}
    with organizations.opened(data_dir) as (settings, session):
        enrolled = find_partner(session, partner, program, organization, to_change=True)
        with naming_options(OPTIONS):
            choose(session, CLI, enrolled, method, given)
        body = load_body(session, enrolled, livemode=is_live(livemode, settings))
    _print(body, as_json=as_json)


def _print(body: PayoutMethodBody, *, as_json: bool) -> None:
    if as_json:
        printing.record(body.model_dump(mode="json"), as_json=True)
        return
    row: dict[str, Any] = {
        "partner": body.partner_id,
        "method": body.method,
        "destination": " ".join(body.destination.values()) or None,
        "country": body.country,
        "problems": "\n".join(problem.sentence for problem in body.problems) or "none",
        "next_payout": "\n".join(one.sentence for one in body.next_payout),
    }
    printing.record(row)
