"""`accrual payouts preview` and `run`: pay what is payable."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer

from app import ids
from app.cli import organization as organizations
from app.cli.finding import find_program
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live
from app.cli.payouts.shown import print_run
from app.cli.stripe.runs import moment
from app.organizations.actors import CLI
from app.texts import require_line

if TYPE_CHECKING:
    from app.payouts.reserving.requests import RunRequest
    from app.payouts.showing.run_views import PayoutRunBody

LOOK_EVERY_SECONDS: Final = 0.5
FOLLOWED_SECONDS: Final = 120

ProgramName = Annotated[
    str | None, typer.Option("--program", help="The program, prog_…. Default: the default program.", show_default=False)
]
Cutoff = Annotated[
    str | None, typer.Option(help="Credits approved later are left out: a time, or 1d.", show_default=False)
]
Partners = Annotated[
    list[str] | None,
    typer.Option("--partner", help="Only this partner (id, code, e-mail); repeat it.", show_default=False),
]
Excluded = Annotated[
    list[str] | None,
    typer.Option("--exclude", help="Not this partner (id, code, e-mail); repeat it.", show_default=False),
]
Currencies = Annotated[
    list[str] | None, typer.Option("--currency", help="Only this currency; repeat it.", show_default=False)
]
Methods = Annotated[
    list[str] | None,
    typer.Option("--method", help="Only partners paid in this way, such as paypal; repeat it.", show_default=False),
]


def preview(
    program: ProgramName = None,
    cutoff: Cutoff = None,
    partner: Partners = None,
    exclude: Excluded = None,
    currency: Currencies = None,
    method: Methods = None,
    *,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what a run would pay now, and what it would skip and why. Changes nothing."""
    from app.payouts.reserving.commands import preview as previewing
    from app.payouts.reserving.requests import partner_ids_of
    from app.payouts.showing.run_views import preview_body

    with organizations.reading(data_dir) as (settings, session):
        owner = find_program(session, program, organization)
        chosen = partner_ids_of(session, owner, partner or ()), partner_ids_of(session, owner, exclude or ())
        asked = _request(cutoff, *chosen, currency, method)
        body = preview_body(previewing(session, owner, asked, livemode=is_live(livemode, settings)))
        print_run(session, body, as_json=as_json)


def run(
    program: ProgramName = None,
    cutoff: Cutoff = None,
    partner: Partners = None,
    exclude: Excluded = None,
    currency: Currencies = None,
    method: Methods = None,
    token: Annotated[
        str | None, typer.Option("--preview-token", help="Pay exactly what this preview showed.", show_default=False)
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait until the payouts are reserved.")] = False,
    *,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Reserve what is payable, one payout for each partner and currency."""
    from app import db, jobs
    from app.payouts.reserving.commands import create
    from app.payouts.reserving.requests import partner_ids_of

    with organizations.database(data_dir) as settings:
        with db.transaction() as session:
            owner = find_program(session, program, organization)
            chosen = partner_ids_of(session, owner, partner or ()), partner_ids_of(session, owner, exclude or ())
            asked = _request(cutoff, *chosen, currency, method, token)
            owners = organizations.find_with_descendants(session, organization)
            made = create(session, CLI, owner, asked, livemode=is_live(livemode, settings))
            run_id = ids.encode(ids.PAYOUT_RUN, made.id)
        jobs.wake(jobs.PAYOUT_RUNS)
        body = _look(owners, run_id)
        stop_at = time.monotonic() + FOLLOWED_SECONDS
        while body.status == "reserving" and not detach and time.monotonic() < stop_at:
            time.sleep(LOOK_EVERY_SECONDS)
            body = _look(owners, run_id)
        with db.transaction() as session:
            print_run(session, body, as_json=as_json)


def _request(
    cutoff: str | None,
    partner: list[str],
    exclude: list[str],
    currency: list[str] | None,
    method: list[str] | None,
    token: str | None = None,
) -> RunRequest:
    from app.payouts.reserving.requests import RunRequest

    return RunRequest(
        cutoff_at=moment(cutoff, "cutoff"),
        partner_ids=partner,
        exclude_partner_ids=exclude,
        currencies=currency or (),
        methods=method or (),
        preview_token=None if token is None else require_line(token, param="preview-token"),
    )


def _look(owners: tuple[UUID, ...], run_id: str) -> PayoutRunBody:
    from app import db
    from app.payouts.showing import queries
    from app.payouts.showing.run_views import run_body

    with db.transaction() as session:
        return run_body(session, queries.get_run(session, owners, run_id))
