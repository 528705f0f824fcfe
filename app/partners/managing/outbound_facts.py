"""Facts about partners for outbound webhooks, with the view that `/api/v1/partners` returns."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import create_model
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.outbox import outbox
from app.outbox.event_types import EventType
from app.outbox.outbox import Fact
from app.partners.managing.program_partners import Move
from app.partners.models import Partner
from app.partners.payout_methods.models import PayoutMethod
from app.partners.terms import snapshots
from app.partners.views import PartnerBody, partner_body
from app.views import Snake, jsonable

_FIELDS: Final[dict[str, Any]] = {
    name: (field.annotation, field) for name, field in PartnerBody.model_fields.items() if name != "payout_email"
}
PartnerMessage = create_model(
    "PartnerMessage",
    __base__=Snake,
    __doc__="A partner, without `payout_email`, which is stored encrypted.",
    **_FIELDS,
)
APPLIED: Final = "partner.applied"
INVITED: Final = "partner.invited"
ACTIVATED: Final = "partner.activated"
UPDATED: Final = "partner.updated"
OF_MOVE: Final[Mapping[Move, EventType]] = {"approve": ACTIVATED, "pause": "partner.paused", "ban": "partner.banned"}


def record(session: Session, partner: Partner, *types: EventType) -> None:
    """Record what happened to the partner, once everything is written. Endpoints of both modes get it."""
    outbox.record(
        session,
        organization_id=partner.organization_id,
        livemode=None,
        types=types,
        facts=lambda asked_for: _facts(session, partner, [name for name in types if name in asked_for]),
    )


def _facts(session: Session, partner: Partner, types: Sequence[EventType]) -> list[Fact]:
    session.flush()
    session.refresh(partner)
    data, now = _data(session, partner), datetime.now(UTC)
    return [Fact(name, data, now) for name in types]


def _data(session: Session, partner: Partner) -> dict[str, Any]:
    body = partner_body(partner, snapshots.in_force(session, partner.id), None).model_dump()
    method = session.scalar(select(PayoutMethod.method).where(PayoutMethod.partner_id == partner.id))
    shown = {name: value for name, value in body.items() if name in PartnerMessage.model_fields}
    return jsonable(PartnerMessage(**{**shown, "payout_method": method}))
