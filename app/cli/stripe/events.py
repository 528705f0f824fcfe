"""`accrual events`: list, show and replay the events of the inbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live, require_mode
from app.cli.stripe import runs
from app.errors import InvalidRequest
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


commands = typer.Typer(help="List, show and replay the Stripe events that were received.", no_args_is_help=True)

OutcomeFilter = Annotated[
    str | None, typer.Option(help="Only events with this outcome; `unprocessed` for those without one yet.")
]
MOST_AT_ONCE = 10_000
LIST_COLUMNS = ("id", "type", "object_id", "received_at", "outcome", "reason")
FAILED_LIST_COLUMNS = ("id", "type", "object_id", "received_at", "attempts", "next_attempt_at", "last_error")
FAILED_OUTCOMES = ("parked", "unprocessed")
"""The outcomes that are listed with `FAILED_LIST_COLUMNS`: parked, and waiting for a worker or the next attempt."""


@commands.command("list")
def list_(
    outcome: OutcomeFilter = None,
    type_: Annotated[str | None, typer.Option("--type", help="Only this type, such as invoice.paid.")] = None,
    livemode: LiveOrTest = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_AT_ONCE, help="How many, newest first.")] = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List events, newest first, each with its outcome."""
    from app.stripe_events import queries
    from app.stripe_events.views import event_fields

    _know(outcome)
    with organizations.reading(data_dir) as (settings, session):
        owners = organizations.find_with_descendants(session, organization)
        filters = queries.EventFilter(is_live(livemode, settings), outcome, type_)
        page = queries.list_events(session, owners, filters, limit=limit)
        rows = [event_fields(event) for event in page.rows]
    if not as_json:
        columns = FAILED_LIST_COLUMNS if outcome in FAILED_OUTCOMES else LIST_COLUMNS
        rows = [{name: row[name] for name in columns} for row in rows]
    printing.listing(rows, as_json=as_json)


@commands.command()
def show(
    event_id: Annotated[str, typer.Argument(help="Stripe's id, or the number in the inbox.")],
    payload: Annotated[
        bool, typer.Option("--payload", help="Also print the document, exactly as Stripe sent it.")
    ] = False,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show an event: partners it named, payments it belongs to, commissions it moved, what it waits for."""
    from app.explanations.events import explain_event
    from app.stripe_events import queries
    from app.stripe_events.views import event_fields
    from app.views import jsonable

    with organizations.reading(data_dir) as (_, session):
        owners = organizations.find_with_descendants(session, organization)
        event = queries.get_event(session, owners, event_id)
        explanation = explain_event(session, event)
        values = jsonable(explanation) if as_json else event_fields(event)
        document = json.loads(event.payload) if payload else None
    if as_json and document is not None:
        values["payload"] = document
    printing.record(values, as_json=as_json)
    if not as_json:
        for sentence in explanation.sentences:
            printing.say(sentence)
    if document is not None and not as_json:
        printing.as_document(document)


@commands.command()
def replay(
    event_ids: Annotated[list[str] | None, typer.Argument(help="Stripe's ids, or numbers in the inbox.")] = None,
    *,
    outcome: OutcomeFilter = None,
    type_: Annotated[str | None, typer.Option("--type", help="Only this type, such as invoice.paid.")] = None,
    since: Annotated[str | None, typer.Option(help="Received then or later: a date, or 30d.")] = None,
    until: Annotated[str | None, typer.Option(help="Received before then.")] = None,
    livemode: LiveOrTest = None,
    follow: runs.Follow = None,
    stop: runs.Stop = None,
    detach: runs.Detach = False,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Process events again, by id or by a filter, as if they had just arrived. Only differences are posted."""
    from app import db, jobs
    from app.stripe_events.replaying import Selection
    from app.stripe_sync import commands as run_commands

    selecting = [option for option in (outcome, type_, since, until) if option is not None]
    if not event_ids and not selecting and follow is None and stop is None:
        raise InvalidRequest("give the ids of events, or select events with --outcome, --type, --since or --until")
    if event_ids and selecting:
        raise InvalidRequest("give the ids of events or a selection, not both")
    runs.refuse_beside(follow, stop, bool(event_ids or selecting or livemode is not None))
    _know(outcome)
    with organizations.database(data_dir) as settings:
        with db.transaction() as session:
            owners = organizations.find_with_descendants(session, organization)
            if event_ids:
                rows = [_replay_one(session, owners, event_id, livemode) for event_id in event_ids]
            elif follow is None and stop is None:
                window = (runs.moment(since, "since"), runs.moment(until, "until"))
                selection = Selection(owners, is_live(livemode, settings), outcome, type_, *window)
                follow = runs.public_id(run_commands.request_replay(session, CLI, owners[0], selection))
        if event_ids:
            jobs.wake(jobs.DRAIN)
            printing.listing(rows, as_json=as_json)
        else:
            runs.see(owners, follow, stop, command="events replay", detach=detach, as_json=as_json)


def _replay_one(session: Session, owners: tuple[UUID, ...], event_id: str, livemode: bool | None) -> dict[str, Any]:
    from app.stripe_events import queries, replaying

    in_mode = queries.find_event(session, owners, event_id, livemode=livemode)
    event = in_mode or queries.get_event(session, owners, event_id)
    require_mode(livemode, event_id, livemode=event.livemode)
    body = replaying.replay(session, CLI, event)
    return {"id": body.id, "inbox_id": body.inbox_id, "type": body.type, "reason": body.reason}


def _know(outcome: str | None) -> None:
    from app.sentences.outcomes import OUTCOMES
    from app.stripe_events import queries

    if outcome is not None and outcome not in {*OUTCOMES, queries.UNPROCESSED}:
        words = ", ".join((*OUTCOMES, queries.UNPROCESSED))
        raise InvalidRequest(f"outcome {outcome!r} is unknown; use one of {words}", param="outcome")
