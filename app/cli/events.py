"""`accrual events`: look into the inbox, and work an event again."""

import json
from typing import Annotated, Any

import typer

from app import db, jobs
from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, OrganizationName
from app.errors import InvalidRequest
from app.stripe_events import inbox, listing
from app.stripe_events.models import StripeEvent
from app.stripe_events.outcomes import OUTCOMES
from app.stripe_events.shapes import event_fields

commands = typer.Typer(help="Look into the inbox of Stripe events, and work one again.", no_args_is_help=True)

OutcomeFilter = Annotated[
    str | None, typer.Option(help=f"Only events that ended so; {listing.UNPROCESSED} for those that have not.")
]
MOST_AT_ONCE = 10_000
IN_THE_LIST = ("id", "type", "object_id", "received_at", "outcome", "reason")


@commands.command("list")
def list_(
    outcome: OutcomeFilter = None,
    type_: Annotated[str | None, typer.Option("--type", help="Only this type, such as invoice.paid.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_AT_ONCE, help="How many, newest first.")] = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List events, newest first, each with what became of it."""
    _know(outcome)
    with organizations.database(data_dir), db.transaction() as session:
        owners = organizations.find_with_descendants(session, organization)
        events = listing.list_events(session, owners, limit=limit, outcome=outcome, type_=type_)
        rows = [event_fields(event) for event in events]
    if not as_json:
        rows = [{name: row[name] for name in IN_THE_LIST} for row in rows]
    printing.listing(rows, as_json=as_json)


@commands.command()
def show(
    event_id: Annotated[str, typer.Argument(help="Stripe's id, or the number in the inbox.")],
    payload: Annotated[bool, typer.Option("--payload", help="Also the document, exactly as Stripe sent it.")] = False,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show one event and what became of it."""
    with organizations.database(data_dir), db.transaction() as session:
        owners = organizations.find_with_descendants(session, organization)
        event = listing.get_event(session, owners, event_id)
        values = event_fields(event)
        document = json.loads(event.payload) if payload else None
    if as_json and document is not None:
        values["payload"] = document
    printing.record(values, as_json=as_json)
    if document is not None and not as_json:
        printing.as_document(document)


@commands.command()
def replay(
    event_ids: Annotated[list[str] | None, typer.Argument(help="Stripe's ids, or numbers in the inbox.")] = None,
    outcome: OutcomeFilter = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Work events again as if they had just come, by id or by outcome; only a difference is posted."""
    if not event_ids and outcome is None:
        raise InvalidRequest("name events, or an --outcome whose events shall be worked again")
    _know(outcome)
    with organizations.database(data_dir):
        with db.transaction() as session:
            owners = organizations.find_with_descendants(session, organization)
            events = [listing.get_event(session, owners, event_id) for event_id in event_ids or ()]
            if outcome is not None:
                events += listing.list_events(session, owners, limit=MOST_AT_ONCE, outcome=outcome)
            for event in events:
                inbox.replay(session, event)
            rows = [_brief(event) for event in events]
        jobs.wake()
    printing.listing(rows, as_json=as_json)


def _know(outcome: str | None) -> None:
    if outcome is not None and outcome not in {*OUTCOMES, listing.UNPROCESSED}:
        raise InvalidRequest(f"there is no outcome {outcome}; there are {', '.join(OUTCOMES)}", param="outcome")


def _brief(event: StripeEvent) -> dict[str, Any]:
    return {"id": event.stripe_id, "inbox_id": event.id, "type": event.type, "reason": inbox.outcome_sentence(event)}
