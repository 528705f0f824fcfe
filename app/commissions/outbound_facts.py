"""Facts about commissions and conversions for outbound webhooks, with the views that the API returns."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.commissions import queries, views
from app.immutable import immutable
from app.outbox import outbox
from app.outbox.event_types import EventType
from app.outbox.outbox import Fact
from app.views import jsonable


@immutable
class Happened:
    """What happened to a commission, or to a conversion.

    Attributes:
        type: `commission.…` or `conversion.…`.
        id: the commission's or the conversion's.
        partner_id: the partner that earns it.
    """

    type: EventType
    id: UUID
    partner_id: UUID
    occurred_at: datetime
    is_backfill: bool = False


def record(session: Session, organization_id: UUID, *, livemode: bool, happened: Sequence[Happened]) -> None:
    """Record the facts, in this order, once all rows and postings are written. Expects the locks of the payments."""
    outbox.record(
        session,
        organization_id=organization_id,
        livemode=livemode,
        types={each.type for each in happened},
        facts=lambda asked_for: facts_of(session, [each for each in happened if each.type in asked_for]),
        partner_ids={each.partner_id for each in happened},
    )


def facts_of(session: Session, happened: Sequence[Happened]) -> Iterable[Fact]:
    """The facts with views as they are now, loaded in a fixed number of queries."""
    bodies = _commission_bodies(session, {each.id for each in happened if _is_of_commission(each)})
    bodies |= _conversion_bodies(session, {each.id for each in happened if not _is_of_commission(each)})
    for each in happened:
        commission_id = each.id if _is_of_commission(each) else None
        data = jsonable(bodies[each.id])
        yield Fact(each.type, data, each.occurred_at, commission_id, each.partner_id, each.is_backfill)


def _is_of_commission(happened: Happened) -> bool:
    return happened.type.startswith("commission.")


def _commission_bodies(
    session: Session, commission_ids: Collection[UUID]
) -> dict[UUID, views.CommissionBody | views.ConversionBody]:
    rows = queries.load_commissions(session, commission_ids)
    shown = views.commission_bodies(session, rows)
    return {row[0].id: body for row, body in zip(rows, shown, strict=True)}


def _conversion_bodies(session: Session, conversion_ids: Collection[UUID]) -> dict[UUID, views.ConversionBody]:
    rows = queries.load_with_commissions(session, conversion_ids)
    return {row[0].id: views.conversion_body(*row) for row in rows}
