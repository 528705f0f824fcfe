"""`accrual referrals`: currencies, templates, codes, claims, balances and transactions of app users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live
from app.errors import InvalidRequest
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from pydantic import BaseModel
    from sqlalchemy.orm import Session

commands = typer.Typer(help="Referrals among your app's users: rewards, codes, claims, balances.", no_args_is_help=True)

NO_LIMIT: Final = "none"
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")]
CodeId = Annotated[str, typer.Argument(metavar="ID", help="The id of a code or template, rfc_…")]
AppUser = Annotated[str | None, typer.Option("--app-user", help="Only of this app user: your own id of it.")]
Reward = Annotated[list[str] | None, typer.Option(metavar="CURRENCY=AMOUNT", help="A reward; may be repeated.")]
MaxUses = Annotated[str | None, typer.Option(metavar="NUMBER", help="How often it can be claimed; none: no limit.")]
IsActive = Annotated[bool, typer.Option("--active/--inactive", help="Whether it is in use.")]


@commands.command()
def currency(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The currency's code, such as credits.")],
    max_balance: Annotated[int | None, typer.Option(min=0, help="The most that an app user can have.")] = None,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create a currency of your own, in which codes can grant rewards."""
    from app.referrals import currencies, views

    with organizations.opened(data_dir) as (settings, session):
        owner_id, mode = organizations.find(session, organization).id, is_live(livemode, settings)
        made = currencies.create(session, CLI, owner_id, livemode=mode, code=code, max_balance=max_balance)
        shown = printing.values(views.currency_body(made), as_json=as_json)
    printing.record(shown, as_json=as_json)


@commands.command("change-currency")
def change_currency(
    currency_id: Annotated[str, typer.Argument(metavar="ID", help="The currency's id, cur_…")],
    max_balance: Annotated[str, typer.Option(metavar="AMOUNT", help="The most that an app user can have; or none.")],
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set the most that an app user can have of a currency. Balances above it stay, and get nothing more."""
    from app.referrals import currencies, views

    with organizations.session(data_dir) as session:
        owners = organizations.find_with_descendants(session, organization)
        row = currencies.get_currency(session, owners, currency_id)
        changed = currencies.change(session, CLI, row, max_balance=_number(max_balance, "--max-balance"))
        shown = printing.values(views.currency_body(changed), as_json=as_json)
    printing.record(shown, as_json=as_json)


@commands.command()
def template(
    referrer: Reward = None,
    referee: Reward = None,
    max_uses: MaxUses = None,
    is_active: IsActive = True,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create a template: the first active one sets the rewards and the limit of codes that are made from now on."""
    from app.referrals import codes, views

    rules = codes.Rules(
        _rewards(referrer, "--referrer"),
        _rewards(referee, "--referee"),
        _number(max_uses or NO_LIMIT, "--max-uses"),
        is_active,
    )
    with organizations.opened(data_dir) as (settings, session):
        owner_id, mode = organizations.find(session, organization).id, is_live(livemode, settings)
        made = codes.create_template(session, CLI, owner_id, rules, livemode=mode)
        shown = printing.values(views.code_view(made), as_json=as_json)
    printing.record(shown, as_json=as_json)


@commands.command()
def change(
    code_id: CodeId,
    referrer: Reward = None,
    referee: Reward = None,
    max_uses: MaxUses = None,
    is_active: Annotated[bool | None, typer.Option("--active/--inactive", help="Whether it is in use.")] = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change a code or template. A changed template changes no code that was made before."""
    from app.referrals import codes, views

    changes: dict[str, Any] = {} if is_active is None else {"is_active": is_active}
    if max_uses is not None:
        changes["max_uses"] = _number(max_uses, "--max-uses")
    for field, given in (("referrer", referrer), ("referee", referee)):
        changes |= {f"reward_{field}": _rewards(given, f"--{field}")} if given else {}
    with organizations.session(data_dir) as session:
        owners = organizations.find_with_descendants(session, organization)
        code = codes.get_code(session, owners, code_id, to_change=True)
        shown = printing.values(views.code_view(codes.change(session, CLI, code, changes)), as_json=as_json)
    printing.record(shown, as_json=as_json)


@commands.command("currencies")
def list_currencies(
    limit: Limit = 50, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """List your own currencies in both modes, newest first."""
    from app.referrals import currencies, views

    def load(session: Session, owners: Sequence[UUID]) -> list[BaseModel]:
        page = currencies.list_currencies(session, owners, limit=limit)
        return [views.currency_body(row) for row in page.rows]

    _print_list(load, organization, data_dir, as_json=as_json)


@commands.command("codes")
def list_codes(
    app_user: AppUser = None,
    templates: Annotated[
        bool | None, typer.Option("--templates/--no-templates", help="Only templates, or only codes of app users.")
    ] = None,
    limit: Limit = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List codes of app users and templates in both modes, newest first."""
    from app.referrals import codes, views

    def load(session: Session, owners: Sequence[UUID]) -> list[BaseModel]:
        page = codes.list_codes(session, owners, codes.CodeFilter(app_user, templates), limit=limit)
        return [views.code_view(row) for row in page.rows]

    _print_list(load, organization, data_dir, as_json=as_json)


@commands.command("claims")
def list_claims(
    referrer: Annotated[str | None, typer.Option(help="Only of this app user's code: your own id of it.")] = None,
    referee: Annotated[str | None, typer.Option(help="Only by this app user: your own id of it.")] = None,
    limit: Limit = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List claims in both modes, newest first."""
    from app.referrals import claims, views

    def load(session: Session, owners: Sequence[UUID]) -> list[BaseModel]:
        filters = claims.ClaimFilter(referrer_id=referrer, referee_id=referee)
        return [views.claim_view(row) for row in claims.list_claims(session, owners, filters, limit=limit).rows]

    _print_list(load, organization, data_dir, as_json=as_json)


@commands.command("balances")
def list_balances(
    app_user: AppUser = None,
    limit: Limit = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List what app users have of your own currencies, in both modes."""
    from app.referrals import rewards, views

    def load(session: Session, owners: Sequence[UUID]) -> list[BaseModel]:
        page = rewards.list_balances(session, owners, rewards.RewardFilter(app_user), limit=limit)
        return [views.balance_view(row) for row in page.rows]

    _print_list(load, organization, data_dir, as_json=as_json)


@commands.command("transactions")
def list_transactions(
    app_user: AppUser = None,
    limit: Limit = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List what app users got, in both modes, newest first."""
    from app.referrals import rewards, views

    def load(session: Session, owners: Sequence[UUID]) -> list[BaseModel]:
        page = rewards.list_transactions(session, owners, app_user, limit=limit)
        return [views.transaction_view(row) for row in page.rows]

    _print_list(load, organization, data_dir, as_json=as_json)


def _print_list(
    load: Callable[[Session, Sequence[UUID]], list[BaseModel]],
    organization: str | None,
    data_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    with organizations.reading(data_dir) as (_, session):
        owners = organizations.find_with_descendants(session, organization)
        rows = [printing.values(body, as_json=as_json) for body in load(session, owners)]
    printing.listing(rows, as_json=as_json)


def _number(text: str, option: str) -> int | None:
    """A number of at least 0, or None for `none`. Raises InvalidRequest."""
    if text == NO_LIMIT:
        return None
    if not (text.isascii() and text.isdigit()):
        raise InvalidRequest(f"{option} {text!r} is neither a whole number nor {NO_LIMIT}", param=option)
    return int(text)


def _rewards(given: list[str] | None, option: str) -> dict[str, int]:
    """Amounts by currency from `credits=50`. Raises InvalidRequest."""
    rewards: dict[str, int] = {}
    for text in given or ():
        currency, _, amount = text.partition("=")
        if not (currency and amount.isascii() and amount.isdigit()):
            raise InvalidRequest(f"{option} {text!r} is no reward; write it as credits=50", param=option)
        rewards[currency] = int(amount)
    return rewards
