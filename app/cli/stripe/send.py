"""`accrual send`: signs sample events and posts them to a webhook endpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir
from app.cli.stripe import delivery
from app.cli.stripe.fresh_ids import Renaming, with_mode
from app.errors import ConfigurationError, InvalidRequest

if TYPE_CHECKING:
    from app import config


EVENT_OBJECTS: Final = {"event", "v2.core.event"}
POLL_SECONDS: Final = 0.05


def send(
    files: Annotated[list[Path], typer.Argument(help="Files with one Stripe event each, or a list of them.")],
    keep_ids: Annotated[bool, typer.Option("--keep-ids", help="Do not change the ids.")] = False,
    url: Annotated[
        str | None, typer.Option(help="The webhook's address. Default: the one that `bootstrap` made.")
    ] = None,
    secret: Annotated[
        str | None, typer.Option(help="Its signing secret. Default: the one that `bootstrap` made.")
    ] = None,
    livemode: Annotated[bool | None, typer.Option(help="Mode of the events. Default: the endpoint's.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for each event's outcome.")] = 5.0,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Sign and post events, with new ids: the same old id gets the same new id in all files.

    Exits with 1 when an answer was not 200.
    """
    settings = _settings(data_dir, needed=url is None or secret is None)
    url, secret = _address(settings, url, secret)
    if livemode is None:
        livemode = bool(settings and settings.stripe_livemode)
    events = [event for file in files for event in read_events(file)]
    events = [with_mode(event, livemode=livemode) for event in (events if keep_ids else _renamed(events))]
    rows = [{"id": event["id"], "type": event.get("type"), "status": 0, "outcome": None} for event in events]
    for row, event in zip(rows, events, strict=True):
        row["status"], _ = delivery.post(url, secret, event)
    if settings is not None and wait > 0:
        with organizations.database(data_dir):
            outcomes = wait_for_outcomes([event["id"] for event in events], seconds=wait)
        for row in rows:
            row["outcome"] = outcomes.get(row["id"])
        _warn_of_unprocessed(rows, wait)
    printing.listing(rows, as_json=as_json)
    if any(row["status"] != 200 for row in rows):
        raise typer.Exit(1)


def _warn_of_unprocessed(rows: Sequence[Mapping[str, Any]], seconds: float) -> None:
    from app.sentences.say import say

    waiting = sum(row["status"] == 200 and row["outcome"] is None for row in rows)
    if waiting:
        printing.warn(say("send.unprocessed", waiting=waiting, count=len(rows), seconds=f"{seconds:g}"))


def read_events(file: Path) -> list[Any]:
    """The events in `file`: one, a JSON list of them, or Stripe's own `{"object": "list", "data": […]}`.

    Raises InvalidRequest for anything else, such as a bare invoice.
    """
    try:
        document = json.loads(file.read_text())
    except OSError as problem:
        raise InvalidRequest(f"{file} cannot be read: {problem.strerror}") from None
    except ValueError:
        raise InvalidRequest(f"{file} is not JSON; give a file with a Stripe event") from None
    if isinstance(document, dict) and document.get("object") == "list":
        document = document.get("data")
    events = document if isinstance(document, list) else [document]
    if not all(isinstance(event, dict) and event.get("object") in EVENT_OBJECTS for event in events):
        raise InvalidRequest(f'{file} is not a Stripe event: it has no "object": "event"')
    return events


def wait_for_outcomes(stripe_ids: Sequence[str], *, seconds: float) -> dict[str, str]:
    """The outcome of each event, by its id, as a sentence; after `seconds`, unprocessed events are left out."""
    from app import db
    from app.sentences.outcomes import sentence
    from app.stripe_events import queries

    deadline = time.monotonic() + seconds
    while True:
        with db.transaction() as session:
            rows = queries.events_named(session, stripe_ids)
            processed = {row.stripe_id: row for row in rows if row.processed_at is not None}
            if len(processed) >= len(set(stripe_ids)) or time.monotonic() > deadline:
                return {
                    id_: f"{row.outcome}: {sentence(row.outcome, row.outcome_details)}"
                    for id_, row in processed.items()
                }
        time.sleep(POLL_SECONDS)


def _settings(data_dir: Path | None, *, needed: bool) -> config.Settings | None:
    """The settings; None if there are none and --url and --secret were given: then outcomes cannot be read."""
    from app import config

    try:
        return config.load(data_dir)
    except ConfigurationError:
        if needed:
            raise
        return None


def _address(settings: config.Settings | None, url: str | None, secret: str | None) -> tuple[str, str]:
    if url is None and settings and settings.send_endpoint:
        url = delivery.webhook_url(settings.public_url, settings.send_endpoint)
    if secret is None and settings and settings.send_secret:
        secret = settings.send_secret.get_secret_value()
    if not url or not secret:
        message = "no webhook endpoint is known to send to: run `accrual bootstrap` first, or give --url and --secret"
        raise ConfigurationError(message)
    return url, secret


def _renamed(events: Sequence[Any]) -> list[Any]:
    renaming = Renaming()
    for event in events:
        renaming.learn(event)
    return [renaming.rename_event(event) for event in events]
