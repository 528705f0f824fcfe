"""Stores reports of merchants: conversions, and refunds outside Stripe. Each id is inserted once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app import bulk
from app.payments.models import StripeObject
from app.stripe_events.scope import Scope


def keep(
    session: Session, scope: Scope, kind: str, object_id: str, facts: Mapping[str, Any], *, root: str, at: datetime
) -> bool:
    """Insert a report and lock it; waits for a concurrent transaction with the same id.

    Args:
        kind: `Kind.REPORTED`, or `Kind.REPORTED_REFUND`, whose payment's locks are expected.
        root: the root of the payment group it belongs to.
        at: the time of the report.

    Returns:
        False if the id exists already in this mode; then nothing is written.
    """
    row = {
        **scope.parameters(),
        "id": object_id,
        "kind": kind,
        "root": root,
        "facts": {name: value for name, value in facts.items() if value is not None},
        "stated_at": at,
    }
    return bool(bulk.insert(session, StripeObject, [row], tail="ON CONFLICT DO NOTHING RETURNING id"))
