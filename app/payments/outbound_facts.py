"""Facts about payments for outbound webhooks: one that is credited to no partner."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bulk import among
from app.outbox import outbox
from app.outbox.outbox import Fact
from app.payments.models import Payment
from app.payments.queries import UNATTRIBUTED
from app.payments.views import payment_body
from app.stripe_events.scope import Scope
from app.views import jsonable


def becomes_unattributed(former_outcome: str, outcome: str) -> bool:
    """Whether a payment that was not in the list of unattributed payments is in it now."""
    return outcome in UNATTRIBUTED and former_outcome not in UNATTRIBUTED


def unattributed(session: Session, is_backfill: Mapping[UUID, bool]) -> list[Fact]:
    """A fact for each of these payments, as they are now; the mapping says which ones only a backfill brought."""
    if not is_backfill:
        return []
    query = select(Payment).where(among(Payment.id, is_backfill)).execution_options(populate_existing=True)
    return [
        Fact(
            "payment.unattributed",
            jsonable(payment_body(payment)),
            payment.occurred_at,
            is_backfill=is_backfill[payment.id],
        )
        for payment in session.scalars(query)
    ]


def record_unattributed(session: Session, scope: Scope, payment_ids: Collection[UUID]) -> None:
    """Record that these payments are credited to no partner after all: what they waited for did not come."""
    outbox.record(
        session,
        organization_id=scope.organization_id,
        livemode=scope.livemode,
        types=["payment.unattributed"],
        facts=lambda _asked_for: unattributed(session, dict.fromkeys(payment_ids, False)),
    )
