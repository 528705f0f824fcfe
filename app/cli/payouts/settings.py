"""`accrual payout-settings`: how you pay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live, naming_options
from app.errors import InvalidRequest
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from app.payouts.owner_settings.views import OwnerSettingsBody

commands = typer.Typer(
    help="Show and set the account that bank transfers are paid from, and the currency that Wise takes.",
    no_args_is_help=True,
)

ACCOUNT: Final = ("name", "iban", "bic", "street", "postal_code", "town", "country")
OPTIONS: Final = {
    **{f"debtor.{name}": f"--{name.replace('_', '-')}" for name in ACCOUNT},
    "wise_source_currency": "--wise-currency",
}
"""The option of each field of the settings."""


@commands.command()
def show(
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show the payout settings, and what is missing for each method."""
    from app.payouts.owner_settings.views import load_body

    with organizations.reading(data_dir) as (settings, session):
        owner = organizations.find(session, organization)
        body = load_body(session, owner.id, livemode=is_live(livemode, settings))
    _print(body, as_json=as_json)


@commands.command("set")
def set_(
    name: Annotated[
        str | None, typer.Option(help="The account's holder. With it the whole account is set.", show_default=False)
    ] = None,
    iban: Annotated[str | None, typer.Option(help="The account's IBAN.", show_default=False)] = None,
    bic: Annotated[str | None, typer.Option(help="The bank's BIC; not required.", show_default=False)] = None,
    street: Annotated[str | None, typer.Option(help="The holder's street and number.", show_default=False)] = None,
    postal_code: Annotated[str | None, typer.Option(help="The holder's postal code.", show_default=False)] = None,
    town: Annotated[str | None, typer.Option(help="The holder's town.", show_default=False)] = None,
    country: Annotated[
        str | None, typer.Option(help="The holder's country: two letters, such as DE.", show_default=False)
    ] = None,
    wise_currency: Annotated[
        str | None, typer.Option(help="The currency that Wise takes the money in, such as eur.", show_default=False)
    ] = None,
    *,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set the account, the currency of Wise, or both. What is left out stays."""
    from app.payouts.owner_settings.commands import change
    from app.payouts.owner_settings.views import load_body

    account = dict(zip(ACCOUNT, (name, iban, bic, street, postal_code, town, country), strict=True))
    changes: dict[str, Any] = {"debtor": account} if any(account.values()) else {}
    if wise_currency is not None:
        changes["wise_source_currency"] = wise_currency
    if not changes:
        raise InvalidRequest("nothing to set; give the account, --wise-currency, or both")
    with organizations.opened(data_dir) as (settings, session):
        owner = organizations.find(session, organization)
        with naming_options(OPTIONS):
            change(session, CLI, owner.id, changes, settings)
        body = load_body(session, owner.id, livemode=is_live(livemode, settings))
    _print(body, as_json=as_json)


def _print(body: OwnerSettingsBody, *, as_json: bool) -> None:
    if as_json:
        printing.record(body.model_dump(mode="json"), as_json=True)
        return
    account = body.debtor
    row: dict[str, Any] = {
        "account": account and f"{account.name}, {account.iban}",
        "address": account and f"{account.street}, {account.postal_code} {account.town}, {account.country}",
        "wise_source_currency": body.wise_source_currency and body.wise_source_currency.upper(),
    }
    row |= {one.method: one.sentence or "can be used" for one in body.methods}
    printing.record(row, as_json=False)
