"""Who listens: the endpoints that a fact must be sent to."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, literal, or_, select
from sqlalchemy.orm import Session

from app.immutable import immutable
from app.outbox.event_types import ALL
from app.outbox.models import OutboundEndpoint


@immutable
class Listener:
    """An endpoint that is not disabled. `partner_id`: it is this partner's postback URL."""

    endpoint_id: UUID
    livemode: bool
    partner_id: UUID | None
    events: frozenset[str]
    include_backfill: bool

    def wants(self, event_type: str) -> bool:
        """Whether it asks for events of this type."""
        return ALL in self.events or event_type in self.events


def load_listeners(
    session: Session, organization_id: UUID, *, livemode: bool | None, partner_ids: Collection[UUID] = ()
) -> Sequence[Listener]:
    """The organization's endpoints in this mode (None: in both), and the postback URLs of these partners."""
    endpoint = OutboundEndpoint
    query = select(
        endpoint.id, endpoint.livemode, endpoint.partner_id, endpoint.events, endpoint.include_backfill
    ).where(
        endpoint.organization_id == organization_id,
        or_(endpoint.partner_id.is_(None), endpoint.partner_id == any_(literal(list(partner_ids), ARRAY(Uuid)))),
        endpoint.disabled_at.is_(None),
        endpoint.deleted_at.is_(None),
    )
    if livemode is not None:
        query = query.where(endpoint.livemode == livemode)
    return [
        Listener(endpoint_id, mode, partner_id, frozenset(events), include_backfill)
        for endpoint_id, mode, partner_id, events, include_backfill in session.execute(query)
    ]
