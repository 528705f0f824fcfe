"""`accrual backfill`, `accrual reconcile`: fetch missed data, and compare payments with Stripe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import typer

from app import ids
from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, OrganizationName
from app.cli.stripe import runs
from app.errors import InvalidRequest
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from app.stripe_sync.commands import HistoryRequest
    from app.stripe_sync.models import Drift, StripeRun


MOST_SHOWN: Final = 1_000
Account = Annotated[str, typer.Option("--account", help="A connected account, acct_…. Default: your own.")]
Mode = Annotated[
    bool | None,
    typer.Option(
        "--live/--test",
        help="Live or test money. Required only if API keys of both modes are configured.",
        show_default=False,
    ),
]
Until = Annotated[
    str | None, typer.Option(help="End: a date, or 30d for 30 days ago. Default: now.", show_default=False)
]


def backfill(
    *,
    since: Annotated[
        str | None, typer.Option(help="Start: a date, or 30d for 30 days ago.", show_default=False)
    ] = None,
    until: Until = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Post nothing; only show what would be posted.")] = False,
    account: Account = "",
    livemode: Mode = None,
    follow: runs.Follow = None,
    stop: runs.Stop = None,
    detach: runs.Detach = False,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Fetch everything that Stripe has since a time, and settle it. Data that is known already changes nothing."""
    from app import db
    from app.stripe_sync import commands

    runs.refuse_beside(follow, stop, bool(since or until or dry_run or account or livemode is not None))
    if since is None and follow is None and stop is None:
        raise InvalidRequest("--since is required, such as --since 2026-11-01 or --since 30d", param="since")
    with organizations.database(data_dir):
        with db.transaction() as session:
            owners = organizations.find_with_descendants(session, organization)
            if follow is None and stop is None:
                asked = _asked(owners[0], account, livemode, since, until)
                follow = runs.public_id(commands.request_backfill(session, CLI, asked, dry_run=dry_run))
        runs.see(owners, follow, stop, command="backfill", detach=detach, as_json=as_json)


def reconcile(
    *,
    since: Annotated[
        str | None, typer.Option(help="Start: a date, or 30d for 30 days ago. Default: a week ago.", show_default=False)
    ] = None,
    until: Until = None,
    heal: Annotated[bool, typer.Option("--heal", help="Fetch what differs, so that it is settled.")] = False,
    account: Account = "",
    livemode: Mode = None,
    follow: runs.Follow = None,
    stop: runs.Stop = None,
    detach: runs.Detach = False,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Compare what was paid and returned at Stripe with Accrual's payments; exit code 1 if they differ."""
    from app import db
    from app.stripe_sync import commands

    runs.refuse_beside(follow, stop, bool(since or until or heal or account or livemode is not None))
    with organizations.database(data_dir):
        with db.transaction() as session:
            owners = organizations.find_with_descendants(session, organization)
            if follow is None and stop is None:
                asked = _asked(owners[0], account, livemode, since, until)
                follow = runs.public_id(commands.request_reconciliation(session, CLI, asked, heal=heal))
        if follow is None or stop is not None or detach:
            runs.see(owners, follow, stop, command="reconcile", detach=detach, as_json=as_json)
            return
        run = runs.follow(owners, follow, command="reconcile")
        _report(run, as_json=as_json)


def _asked(owner: UUID, account: str, livemode: bool | None, since: str | None, until: str | None) -> HistoryRequest:
    from app.stripe_sync.commands import HistoryRequest

    return HistoryRequest(
        owner,
        account=account,
        livemode=livemode,
        since=runs.moment(since, "since"),
        until=runs.moment(until, "until"),
    )


def _report(run: StripeRun, *, as_json: bool) -> None:
    """Print a comparison's differences; exit code 1 if any is left."""
    from app import db
    from app.stripe_sync import runs as stored
    from app.stripe_sync.views import drift_fields

    with db.transaction() as session:
        drifts = stored.drifts(session, run.id, limit=MOST_SHOWN).rows
    left = [drift for drift in drifts if drift.healed_at is None]
    if not as_json and drifts:
        printing.listing([_line(drift) for drift in drifts])
    runs.report(run, as_json=as_json, more={"drifts": [drift_fields(drift) for drift in drifts]})
    if not as_json:
        printing.say(_verdict(run, drifts, left), is_bold=True)
    if left:
        raise typer.Exit(1)


def _verdict(run: StripeRun, drifts: Any, left: Any) -> str:
    from app.sentences.say import say

    if not drifts:
        return "Stripe and the ledger agree."
    count = run.counts.get("drifts", len(drifts))
    if left:
        return say("reconcile.left", count=count)
    return say("reconcile.fetched", count=count)


def _line(drift: Drift) -> dict[str, Any]:
    from app.stripe_sync.views import drift_fields

    return {
        "id": ids.encode(ids.DRIFT, drift.id),
        "difference": drift.kind,
        "stripe id": drift.stripe_id,
        "healed": drift.healed_at is not None,
        "sentence": drift_fields(drift)["sentence"],
    }
