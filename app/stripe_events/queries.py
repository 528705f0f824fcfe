"""Finding, listing and counting events of the inbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session, defer

from app.errors import NotFound
from app.immutable import immutable
from app.paging import EVER, Page, Span, no_row, owned_by, refuse_both, within
from app.stripe_events.models import DueEvent, StripeEvent
from app.stripe_events.scope import Scope

MOST_EVENTS: Final = 200
MOST_DELIVERIES: Final = 20
UNPROCESSED: Final = "unprocessed"
"""The filter value, beside the outcomes, for events without an outcome."""

_PARKED = text("SELECT count(*) FROM stripe_events WHERE outcome = 'parked'")


@immutable
class EventFilter:
    """A filter of events: they must meet every given condition.

    Attributes:
        livemode: those of live mode or those of test mode.
        outcome: a word of `OUTCOMES`, or `unprocessed`.
        type_: Stripe's, such as `invoice.paid`.
        received: when.
    """

    livemode: bool
    outcome: str | None = None
    type_: str | None = None
    received: Span = EVER


def list_events(
    session: Session,
    organization_ids: Sequence[UUID],
    filters: EventFilter,
    *,
    limit: int,
    page: int = 1,
    starting_after: str | None = None,
) -> Page[StripeEvent]:
    """A page of events, newest in the inbox first, without their payloads.

    Args:
        session: a request's, or the command line's.
        organization_ids: the owners.
        filters: which of their events.
        limit: rows a page.
        page: counted from 1.
        starting_after: a Stripe event id or an inbox number.

    Raises:
        InvalidRequest: there is no event `starting_after`, or it is sent with a page number.
    """
    matching = select(StripeEvent).where(
        owned_by(StripeEvent.organization_id, organization_ids), StripeEvent.livemode == filters.livemode
    )
    if filters.outcome == UNPROCESSED:
        due = select(DueEvent.event_id).where(owned_by(DueEvent.organization_id, organization_ids))
        matching = matching.where(StripeEvent.id.in_(due))
    elif filters.outcome is not None:
        matching = matching.where(StripeEvent.outcome == filters.outcome)
    if filters.type_ is not None:
        matching = matching.where(StripeEvent.type == filters.type_)
    matching = within(matching, StripeEvent.received_at, filters.received)
    if starting_after is not None:
        refuse_both(page, starting_after)
        matching = matching.where(StripeEvent.id < _inbox_id(session, organization_ids, starting_after))
    ordered = matching.order_by(StripeEvent.id.desc()).limit(limit + 1).offset((page - 1) * limit)
    return Page.of(session.scalars(ordered.options(defer(StripeEvent.payload))).all(), limit)


def find_event(
    session: Session, organization_ids: Sequence[UUID], event_id: str, *, livemode: bool | None = None
) -> StripeEvent | None:
    """The event with this Stripe id or inbox id; None if there is none.

    Of several deliveries it is the newest that came through an endpoint of the event's mode, if there is one; a live
    event before a test event with the same id. With `livemode` only events of that mode are considered.
    """
    query = select(StripeEvent).where(StripeEvent.organization_id.in_(organization_ids))
    if livemode is not None:
        query = query.where(StripeEvent.livemode == livemode)
    if event_id.isascii() and event_id.isdigit() and len(event_id) < 19:
        query = query.where(StripeEvent.id == int(event_id))
    else:
        query = query.where(StripeEvent.stripe_id == event_id)
        query = query.order_by(StripeEvent.is_wrong_mode, StripeEvent.livemode.desc(), StripeEvent.id.desc()).limit(1)
    return session.scalar(query.options(defer(StripeEvent.payload)))


def get_event(session: Session, organization_ids: Sequence[UUID], event_id: str) -> StripeEvent:
    """As `find_event`. Raises NotFound."""
    event = find_event(session, organization_ids, event_id)
    if event is None:
        raise NotFound.of("event", event_id)
    return event


def deliveries_of(session: Session, event: StripeEvent) -> list[StripeEvent]:
    """The other rows with the event's Stripe id: in another API version, account or mode, or `wrong_mode`.

    At most `MOST_DELIVERIES`, `wrong_mode` last, then the newest first.
    """
    same = select(StripeEvent).where(
        StripeEvent.stripe_id == event.stripe_id,
        StripeEvent.organization_id == event.organization_id,
        StripeEvent.id != event.id,
    )
    ordered = same.order_by(StripeEvent.is_wrong_mode, StripeEvent.id.desc()).limit(MOST_DELIVERIES)
    return list(session.scalars(ordered.options(defer(StripeEvent.payload))))


def events_about(
    session: Session, scope: Scope, object_ids: Sequence[str], *, limit: int = MOST_EVENTS
) -> list[StripeEvent]:
    """The newest `limit` events about these Stripe objects, in the order they happened.

    Those with the outcome `wrong_mode` are left out, unless there are no others.
    """
    about = select(StripeEvent).where(
        StripeEvent.organization_id == scope.organization_id,
        StripeEvent.account == scope.account,
        StripeEvent.livemode == scope.livemode,
        StripeEvent.object_id.in_(object_ids),
    )
    newest = about.order_by(StripeEvent.is_wrong_mode, StripeEvent.occurred_at.desc(), StripeEvent.id.desc())
    newest_events = session.scalars(newest.limit(limit).options(defer(StripeEvent.payload))).all()
    events = [event for event in newest_events if not event.is_wrong_mode] or list(newest_events)
    return events[::-1]


def events_named(session: Session, stripe_ids: Sequence[str]) -> list[StripeEvent]:
    """The events with these Stripe ids, of every organization. For the operator, not for a key."""
    named = select(StripeEvent).where(StripeEvent.stripe_id.in_(stripe_ids))
    return list(session.scalars(named.options(defer(StripeEvent.payload))))


_OLDEST_UNPROCESSED = text("""
    SELECT min(event.received_at) FROM due_events AS due JOIN stripe_events AS event ON event.id = due.event_id
    WHERE due.organization_id = ANY (:organization_ids) AND due.livemode = :livemode
""")


def oldest_unprocessed(session: Session, organization_ids: Sequence[UUID], *, livemode: bool) -> datetime | None:
    """When the oldest unprocessed event of these organizations arrived; None: every event is processed."""
    values = {"organization_ids": list(organization_ids), "livemode": livemode}
    oldest: datetime | None = session.scalar(_OLDEST_UNPROCESSED, values)
    return oldest


def count_parked(session: Session) -> int:
    """The number of parked events in all organizations this transaction can see."""
    return session.scalar(_PARKED) or 0


def _inbox_id(session: Session, organization_ids: Sequence[UUID], event_id: str) -> int:
    event = find_event(session, organization_ids, event_id)
    if event is None:
        raise no_row(event_id)
    return event.id
