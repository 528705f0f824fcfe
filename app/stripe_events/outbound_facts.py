"""Facts about events for outbound webhooks: one that was parked, so a person must look at it."""

from collections.abc import Collection, Iterable
from functools import partial
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bulk import among
from app.outbox import outbox
from app.outbox.outbox import Fact
from app.stripe_events.models import StripeEvent
from app.stripe_events.views import event_body
from app.views import jsonable


def record_parked(session: Session, event_ids: Collection[int], backfilled: Collection[int]) -> None:
    """Record that these events were parked, once it is written; `backfilled`: those that a backfill inserted."""
    owner = (StripeEvent.organization_id, StripeEvent.livemode)
    query = select(*owner, StripeEvent.id).where(among(StripeEvent.id, event_ids)).order_by(*owner, StripeEvent.id)
    rows = session.execute(query).all()
    for (organization_id, livemode), group in groupby(rows, lambda row: (row.organization_id, row.livemode)):
        of_owner = [row.id for row in group]
        outbox.record(
            session,
            organization_id=organization_id,
            livemode=livemode,
            types=["event.parked"],
            facts=partial(_facts, session, of_owner, backfilled),
        )


def _facts(
    session: Session, event_ids: Collection[int], backfilled: Collection[int], _asked_for: frozenset[str]
) -> Iterable[Fact]:
    query = select(StripeEvent).where(among(StripeEvent.id, event_ids)).order_by(StripeEvent.id)
    for event in session.scalars(query.execution_options(populate_existing=True)):
        data = jsonable(event_body(event))
        parked_at = event.processed_at or event.received_at
        yield Fact("event.parked", data, parked_at, is_backfill=event.id in backfilled)
