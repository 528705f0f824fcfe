"""Facts about events, for outbound webhooks and mails: one that was parked, so a person must look at it."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.bulk import among
from app.outbox import outbox
from app.outbox.outbox import Fact
from app.people import notices
from app.stripe_events.models import StripeEvent
from app.stripe_events.views import event_body
from app.views import jsonable


def record_parked(session: Session, event_ids: Collection[int], backfilled: Collection[int]) -> None:
    """Record that these events were parked, once it is written; `backfilled`: those that a backfill inserted."""
    owner = (StripeEvent.organization_id, StripeEvent.livemode)
    query = (
        select(*owner, StripeEvent.id, StripeEvent.stripe_id, StripeEvent.type)
        .where(among(StripeEvent.id, event_ids))
        .order_by(*owner, StripeEvent.id)
    )
    rows = session.execute(query).all()
    for (organization_id, livemode), group in groupby(rows, lambda row: (row.organization_id, row.livemode)):
        rows_of_owner = list(group)
        of_owner = [row.id for row in rows_of_owner]
        outbox.record(
            session,
            organization_id=organization_id,
            livemode=livemode,
            types=["event.parked"],
            facts=partial(_facts, session, of_owner, backfilled),
        )
        _write_mail(session, organization_id, rows_of_owner[0].stripe_id, rows_of_owner[0].type, livemode=livemode)


def _write_mail(session: Session, owner: UUID, event_id: str, event_type: str, *, livemode: bool) -> None:
    """Write the mail to those who manage the organization: one a day in a mode, whatever is parked."""
    day, public_id = datetime.now(UTC).date().isoformat(), ids.encode(ids.ORGANIZATION, owner)
    subject = f"{public_id}:{'live' if livemode else 'test'}:{day}"
    notices.write(session, "event_parked", subject, owner, livemode=livemode, event_id=event_id, event_type=event_type)


def _facts(
    session: Session, event_ids: Collection[int], backfilled: Collection[int], _asked_for: frozenset[str]
) -> Iterable[Fact]:
    query = select(StripeEvent).where(among(StripeEvent.id, event_ids)).order_by(StripeEvent.id)
    for event in session.scalars(query.execution_options(populate_existing=True)):
        data = jsonable(event_body(event))
        parked_at = event.processed_at or event.received_at
        yield Fact("event.parked", data, parked_at, is_backfill=event.id in backfilled)
