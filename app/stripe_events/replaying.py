"""Makes events of the inbox due again, as if they had just arrived: one event, events by their ids, or a selection."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.immutable import immutable
from app.organizations import actors, audit
from app.stripe_events import inbox, views
from app.stripe_events.models import StripeEvent
from app.stripe_events.scope import SCOPE_SQL, Scope


@immutable
class Selection:
    """A filter of processed events: they must meet every given condition. `wrong_mode` events are never included.

    Attributes:
        organization_ids: the owners.
        livemode: events of live mode or of test mode.
        outcome: a word of `OUTCOMES`.
        type_: Stripe's, such as `invoice.paid`.
        since: received then or later.
        until: received before then; what is replayed now ends there as well.
    """

    organization_ids: Sequence[UUID]
    livemode: bool
    outcome: str | None = None
    type_: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """The selection as a run's parameters."""
        return {
            "organization_ids": list(map(str, self.organization_ids)),
            "livemode": self.livemode,
            "outcome": self.outcome,
            "type": self.type_,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> Self:
        """The selection in a run's parameters."""
        since, until = (datetime.fromisoformat(stored[name]) if stored[name] else None for name in ("since", "until"))
        owners = [UUID(owner_id) for owner_id in stored["organization_ids"]]
        return cls(owners, stored["livemode"], stored["outcome"], stored["type"], since, until)

    def parameters(self) -> dict[str, Any]:
        """The selection as the parameters of `_SELECTED`."""
        return {
            "organization_ids": list(self.organization_ids),
            "livemode": self.livemode,
            "outcome": self.outcome,
            "type": self.type_,
            "since": self.since,
            "until": self.until,
        }


_SELECTED = """
    organization_id = ANY (:organization_ids) AND livemode = :livemode AND processed_at IS NOT NULL
    AND outcome <> 'wrong_mode'
    AND (CAST(:outcome AS text) IS NULL OR outcome = :outcome)
    AND (CAST(:type AS text) IS NULL OR type = :type)
    AND (CAST(:since AS timestamptz) IS NULL OR received_at >= :since)
    AND (CAST(:until AS timestamptz) IS NULL OR received_at < :until)
"""

_MEASURE = text(f"SELECT count(*), coalesce(max(id), 0) FROM stripe_events WHERE {_SELECTED}")

_NAMED = text(f"""
    SELECT id FROM stripe_events
    WHERE {SCOPE_SQL} AND stripe_id = ANY (:stripe_ids) AND processed_at IS NOT NULL AND outcome <> 'wrong_mode'
""")

# The newest id is fixed at the start, so that an event is made due only once, whatever its new outcome is.
_PAGE = text(f"""
    SELECT id FROM stripe_events WHERE id > :after AND id <= :newest AND {_SELECTED} ORDER BY id LIMIT :limit
""")

_RESET = text("""
    UPDATE stripe_events
    SET processed_at = NULL, outcome = NULL, outcome_details = '{}', attempts = 0, last_error = NULL
    WHERE id = ANY (:ids)
""")

_BACKLOG = text("""
    SELECT count(*) FROM (SELECT FROM due_events WHERE next_attempt_at <= now() LIMIT :most) AS due
""")


def measure(session: Session, selection: Selection) -> tuple[int, int]:
    """The number of selected events, and the highest inbox id among them (0: none)."""
    count, newest = session.execute(_MEASURE, selection.parameters()).one()
    return count, newest


def replay(session: Session, actor: actors.Actor, event: StripeEvent) -> views.EventBody:
    """Command: make an event due again as if it had just arrived; only a difference is posted. Writes the audit entry.

    Wake a worker after the commit.

    Raises:
        Conflict: `wrong_mode`: its mode differs from its endpoint's.
    """
    if event.outcome == "wrong_mode":
        raise Conflict(
            "the event's mode is not its endpoint's, so it is never processed; send it to an endpoint of its own mode",
            code="wrong_mode",
        )
    _replay(session, [event.id])
    session.refresh(event)
    owner, livemode = event.organization_id, event.livemode
    audit.add_entry(session, actor, "event.replayed", event.stripe_id, organization_id=owner, livemode=livemode)
    return views.event_body(event)


def replay_named(session: Session, scope: Scope, stripe_ids: Sequence[str]) -> list[int]:
    """Make events due again by their Stripe ids, except unprocessed ones; returns their inbox ids."""
    values = {**scope.parameters(), "stripe_ids": list(stripe_ids)}
    return _replay(session, session.scalars(_NAMED, values).all())


def replay_page(session: Session, selection: Selection, *, after: int, newest: int, limit: int) -> list[int]:
    """Make the next `limit` selected events due again; returns their inbox ids, fewer if there are no more."""
    values = {**selection.parameters(), "after": after, "newest": newest, "limit": limit}
    return _replay(session, session.scalars(_PAGE, values).all())


def _replay(session: Session, event_ids: Sequence[int]) -> list[int]:
    """Make these events due again; returns their ids. Settling them again posts only differences."""
    if event_ids:
        inbox.make_due(session, event_ids)
        session.execute(_RESET, {"ids": list(event_ids)})
    return list(event_ids)


def backlog(session: Session, most: int) -> int:
    """The number of due events, counted up to `most`."""
    return session.scalar(_BACKLOG, {"most": most}) or 0
