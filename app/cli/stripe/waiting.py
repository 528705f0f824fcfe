"""`accrual waiting`: lists what is not known yet, since when, and the state of its look-up at Stripe."""

from typing import Annotated

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live
from app.organizations.actors import CLI

LIST_COLUMNS = ("what", "id", "object_id", "waiting_for", "since", "look_up", "next_look_up_at", "problem")


def waiting(
    ask_again: Annotated[
        bool, typer.Option("--ask-again", help="Repeat all look-ups that were given up or postponed.")
    ] = False,
    livemode: LiveOrTest = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List events, payments and customers about which something is not known yet, newest first."""
    from app import db, jobs
    from app.payments.waiting import waiting_list
    from app.payments.waiting.views import waiting_fields
    from app.stripe_sync import commands

    with organizations.database(data_dir) as settings:
        mode = is_live(livemode, settings)
        with db.transaction() as session:
            owners = organizations.find_with_descendants(session, organization)
            if ask_again:
                commands.ask_again(session, CLI, owners, livemode=mode)
            page = waiting_list.list_waiting(session, owners, livemode=mode, limit=limit)
            rows = [waiting_fields(row) for row in page.rows]
        if ask_again:
            jobs.wake(jobs.LOOK_UPS)
    if not as_json:
        rows = [{name: row[name] for name in LIST_COLUMNS} for row in rows]
    printing.listing(rows, as_json=as_json)
