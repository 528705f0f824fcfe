"""Refunds by their ids, each in its newest state."""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk
from app.payments.facts import Kind, ReadEvent
from app.payments.models import Refund
from app.payments.state import KnownObject, KnownRefund
from app.stripe_events.scope import SCOPE_SQL, Scope

STATUS_ORDER: Final = ("pending", "requires_action", "succeeded", "canceled", "failed")
"""Which state is believed of two said in the same second: a refund only ever moves to the right."""

_STATUSES = "ARRAY['" + "','".join(STATUS_ORDER) + "']"
_KEEP_NEWEST = f"""
    ON CONFLICT (organization_id, account, livemode, id) DO UPDATE
    SET status = excluded.status, amount_minor = excluded.amount_minor, stated_at = excluded.stated_at,
        charge = greatest(refunds.charge, excluded.charge),
        payment_intent = greatest(refunds.payment_intent, excluded.payment_intent)
    WHERE (excluded.stated_at, coalesce(array_position({_STATUSES}, excluded.status), 0))
        > (refunds.stated_at, coalesce(array_position({_STATUSES}, refunds.status), 0))
"""


def record(session: Session, scope: Scope, events: Sequence[ReadEvent]) -> None:
    """Keep the newest state of every refund `events` tell of. Expects the locks of its charge and PaymentIntent."""
    newest: dict[str, tuple[tuple[object, int], dict[str, object]]] = {}
    for event in events:
        for refund in event.reading.refunds:
            age = (event.occurred_at, _rank(refund.status))
            row = {
                **scope.parameters(),
                "id": refund.id,
                "charge": refund.charge,
                "payment_intent": refund.payment_intent,
                "amount_minor": refund.amount_minor,
                "currency": refund.currency,
                "status": refund.status,
                "stated_at": event.occurred_at,
            }
            if refund.id not in newest or age > newest[refund.id][0]:
                newest[refund.id] = (age, row)
    bulk.insert(session, Refund, [newest[one][1] for one in sorted(newest)], tail=_KEEP_NEWEST)


def _rank(status: str) -> int:
    return STATUS_ORDER.index(status) if status in STATUS_ORDER else -1


_LOAD = text(f"""
    SELECT id, charge, payment_intent, amount_minor, status FROM refunds WHERE {SCOPE_SQL} AND charge = ANY(:charges)
    UNION
    SELECT id, charge, payment_intent, amount_minor, status FROM refunds
    WHERE {SCOPE_SQL} AND payment_intent = ANY(:payment_intents)
""")


def of(session: Session, scope: Scope, objects: Iterable[KnownObject]) -> list[KnownRefund]:
    """The refunds of the charges and PaymentIntents among `objects`."""
    charges, intents = [], []
    for known in objects:
        if known.kind == Kind.CHARGE:
            charges.append(known.id)
        elif known.kind == Kind.PAYMENT_INTENT:
            intents.append(known.id)
    if not charges and not intents:
        return []
    rows = session.execute(_LOAD, {**scope.parameters(), "charges": charges, "payment_intents": intents})
    return [KnownRefund(row.id, row.charge, row.payment_intent, row.amount_minor, row.status) for row in rows]
