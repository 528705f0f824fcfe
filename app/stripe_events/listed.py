"""Events that Stripe listed again for us: they enter the inbox as if they had been delivered."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk
from app.errors import ConfigurationError
from app.stripe_events import envelope
from app.stripe_events.models import StripeEvent
from app.stripe_events.scope import SCOPE_SQL, Scope

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

# Known in any version is known: a list renders an event in the account's version of its time, an endpoint in its own.
_RECORD = f"""
    INSERT INTO stripe_events ({", ".join(_COLUMNS)})
    SELECT {", ".join(_COLUMNS)} FROM {bulk.given(StripeEvent, _COLUMNS)}
    WHERE NOT EXISTS (
        SELECT FROM stripe_events AS known
        WHERE known.stripe_id = given.stripe_id AND known.organization_id = given.organization_id
          AND known.account = given.account AND known.livemode = given.livemode
    )
    ORDER BY stripe_id
    ON CONFLICT ON CONSTRAINT uq_stripe_events_identity DO NOTHING
    RETURNING id
"""


def insert_listed(session: Session, scope: Scope, events: Sequence[Mapping[str, Any]]) -> list[int]:
    """Put those events into the inbox that are not there yet in any version, due at once.

    Args:
        session: any; nothing is committed.
        scope: whose account was asked, in which mode.
        events: as Stripe lists them.

    Returns:
        The numbers of the new ones; if there are any, wake a worker after the commit.

    Raises:
        ConfigurationError: an event is of the other mode: test money must never reach a live ledger.
        InvalidRequest: something listed is no event.
    """
    rows = [_row(scope, event) for event in events]
    return list(session.scalars(text(_RECORD), {"rows": bulk.encode(rows)})) if rows else []


_MAKE_DUE = text(f"""
    UPDATE stripe_events SET processed_at = NULL, outcome = NULL, outcome_details = '{{}}', attempts = 0,
                             last_error = NULL, next_attempt_at = now()
    WHERE {SCOPE_SQL} AND stripe_id = ANY (:stripe_ids) AND processed_at IS NOT NULL AND outcome <> 'wrong_mode'
    RETURNING id
""")


def make_due(session: Session, scope: Scope, stripe_ids: Sequence[str]) -> list[int]:
    """Make those of these rows that were processed due again; gives their numbers."""
    return list(session.scalars(_MAKE_DUE, {**scope.parameters(), "stripe_ids": list(stripe_ids)}))


def _row(scope: Scope, listed: Mapping[str, Any]) -> dict[str, Any]:
    payload = json.dumps(listed)
    event = envelope.parse(payload)
    if bool(event.get("livemode")) != scope.livemode:
        raise ConfigurationError("The API key is not of its endpoint's mode; set a key of the same mode.")
    document = event["data"]["object"]
    return {
        **scope.parameters(),
        "stripe_id": event["id"],
        "api_version": event.get("api_version") or "",
        "type": event["type"],
        "object_id": document["id"] if envelope.is_word(document.get("id")) else "",
        "occurred_at": envelope.occurred_at(event),
        "payload": payload,
    }
