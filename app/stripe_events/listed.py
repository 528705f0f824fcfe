"""Inserts events from Stripe's lists into the inbox, as if they had been delivered."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk
from app.errors import ConfigurationError
from app.stripe_events import envelope, inbox
from app.stripe_events.models import StripeEvent
from app.stripe_events.scope import Scope

_COLUMNS = (
    "organization_id",
    "account",
    "livemode",
    "stripe_id",
    "api_version",
    "type",
    "object_id",
    "occurred_at",
    "payload",
)

# An event that exists in any API version is not inserted: a list shows it in the account's version of that time, and
# an endpoint in its own version. An event that arrived only through an endpoint of the other mode does not count,
# because it is never processed.
_RECORD = f"""
    INSERT INTO stripe_events ({", ".join(_COLUMNS)})
    SELECT {", ".join(_COLUMNS)} FROM {bulk.given(StripeEvent, _COLUMNS)}
    WHERE NOT EXISTS (
        SELECT FROM stripe_events AS known
        WHERE known.stripe_id = given.stripe_id AND known.organization_id = given.organization_id
          AND known.account = given.account AND known.livemode = given.livemode
          AND NOT known.is_wrong_mode
    )
    ORDER BY stripe_id
    ON CONFLICT ON CONSTRAINT uq_stripe_events_identity DO NOTHING
    RETURNING id
"""


def insert_listed(
    session: Session, scope: Scope, events: Sequence[Mapping[str, Any]], *, is_backfill: bool = False
) -> list[int]:
    """Insert the events that are not in the inbox yet in any version, due at once.

    Args:
        session: inserts the rows; does not commit.
        scope: the account and mode they were listed for.
        events: events as Stripe lists them.
        is_backfill: whether a backfill inserts them.

    Returns:
        The inbox ids of the new events; if there are any, wake a worker after the commit.

    Raises:
        ConfigurationError: an event is of the other mode.
        InvalidRequest: an entry of the list is not an event.
    """
    rows = [_row(scope, event) for event in events]
    inserted = session.scalars(text(_RECORD), {"rows": bulk.encode(rows)}).all() if rows else []
    inbox.make_due(session, inserted, is_backfill=is_backfill)
    return list(inserted)


def _row(scope: Scope, listed: Mapping[str, Any]) -> dict[str, Any]:
    payload = json.dumps(listed)
    event = envelope.parse(payload)
    if bool(event.get("livemode")) != scope.livemode:
        raise ConfigurationError("The API key is not of its endpoint's mode; set a key of the same mode.")
    return {
        **scope.parameters(),
        "stripe_id": event["id"],
        "api_version": event.get("api_version") or "",
        "type": event["type"],
        "object_id": envelope.object_id(event),
        "occurred_at": envelope.occurred_at(event),
        "payload": payload,
    }
