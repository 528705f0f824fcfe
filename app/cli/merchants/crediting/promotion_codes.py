"""`accrual promotion-codes`: promotion codes and coupons of Stripe that credit a partner."""

from __future__ import annotations

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
from app.cli.stripe.runs import moment
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from app.views import Snake

TO_MAKE: Final = {
    "coupon": "--coupon",
    "expires_at": "--expires-at",
    "send existing: true": "use `accrual promotion-codes give`",
}
TO_GIVE: Final = {"promotion_code": "--promotion-code", "coupon": "--coupon", "code": "--code"}

commands = typer.Typer(
    help="Promotion codes that credit a partner: make one in Stripe, give an existing one, list, take away.",
    no_args_is_help=True,
)

Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")]


@commands.command()
def create(
    partner: PartnerName,
    code: Annotated[
        str | None, typer.Option(help="What customers type, such as ADA20. Default: Stripe chooses it.")
    ] = None,
    coupon: Annotated[
        str | None, typer.Option(help="Stripe's id of the coupon. Default: the program's promotion_coupon.")
    ] = None,
    max_redemptions: Annotated[
        int | None, typer.Option(min=1, max=1_000_000_000, help="How often it can be used in all.", show_default=False)
    ] = None,
    expires_at: Annotated[
        str | None, typer.Option(help="When it ends: 2027-01-31, or a time with its zone.", show_default=False)
    ] = None,
    program: ProgramId = None,
    *,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a promotion code in Stripe for a partner. `accrual promotion-codes requests` says what became of it."""
    from app import db, jobs
    from app.attribution.promotions import request_views, requesting

    asked = requesting.NewCode(coupon, code, max_redemptions, moment(expires_at, "expires-at"))
    with organizations.database(data_dir) as settings:
        with db.transaction() as session, naming_options(TO_MAKE):
            found = find_partner(session, partner, program, organization)
            row = requesting.request(session, CLI, found, asked, livemode=is_live(livemode, settings))
            shown = request_views.request_body(row)
        jobs.wake(jobs.PROMOTION_CODES)
    _print(shown, as_json=as_json)


@commands.command()
def give(
    partner: PartnerName,
    promotion_code: Annotated[
        str | None, typer.Option(help="Stripe's id of the promotion code, promo_….", show_default=False)
    ] = None,
    coupon: Annotated[str | None, typer.Option(help="Stripe's id of the coupon.", show_default=False)] = None,
    code: Annotated[str | None, typer.Option(help="What customers type.", show_default=False)] = None,
    program: ProgramId = None,
    *,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give a partner a promotion that Stripe has already; purchases with it inside the window are credited at once."""
    from app.attribution.promotions import owners
    from app.commissions.by_hand import promotion_credit, promotion_views

    with naming_options(TO_GIVE):
        promotion = owners.promotion_named({"promotion_code": promotion_code, "coupon": coupon, "code": code})
    with organizations.opened(data_dir) as (settings, session):
        found = find_partner(session, partner, program, organization)
        by, mode = organizations.cause(), is_live(livemode, settings)
        owned = promotion_credit.give(session, CLI, found, promotion, by, livemode=mode)
        shown = promotion_views.promotion_body(owned)
    _print(shown, as_json=as_json)


@commands.command("list")
def list_(
    partner: PartnerName,
    program: ProgramId = None,
    *,
    livemode: LiveOrTest = None,
    limit: Limit = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the promotion codes and coupons that credit a partner, newest first."""
    from app.attribution.promotions import owners
    from app.commissions.by_hand import promotion_views

    with organizations.reading(data_dir) as (settings, session):
        found = find_partner(session, partner, program, organization)
        page = owners.given_to(session, found.id, livemode=is_live(livemode, settings), limit=limit)
        bodies = [promotion_views.promotion_body(row) for row in page.rows]
    printing.listing([_fields(body, as_json=as_json) for body in bodies], as_json=as_json)


@commands.command()
def requests(
    partner: PartnerName,
    program: ProgramId = None,
    *,
    livemode: LiveOrTest = None,
    limit: Limit = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the promotion codes that were to be made in Stripe for a partner, with what became of each."""
    from app.attribution.promotions import request_views, requested

    with organizations.reading(data_dir) as (settings, session):
        found = find_partner(session, partner, program, organization)
        page = requested.list_requests(session, found.id, livemode=is_live(livemode, settings), limit=limit)
        bodies = [request_views.request_body(row) for row in page.rows]
    printing.listing([_fields(body, as_json=as_json) for body in bodies], as_json=as_json)


@commands.command()
def remove(
    partner: PartnerName,
    promotion_id: Annotated[str, typer.Argument(metavar="ID", help="prm_…, as listed.")],
    program: ProgramId = None,
    *,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take a promotion from a partner; credit for its uses before the window stays. Stripe keeps the code."""
    from app.commissions.by_hand import promotion_credit, promotion_views

    with organizations.session(data_dir) as session:
        found = find_partner(session, partner, program, organization)
        owned = promotion_credit.take_away(session, CLI, found, promotion_id, organizations.cause())
        shown = promotion_views.promotion_body(owned)
    _print(shown, as_json=as_json)


def _print(shown: Snake, *, as_json: bool) -> None:
    printing.record(_fields(shown, as_json=as_json), as_json=as_json)


def _fields(shown: Snake, *, as_json: bool) -> dict[str, Any]:
    return shown.model_dump(mode="json" if as_json else "python")
