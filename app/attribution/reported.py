"""Evidence of reported conversions: the report itself names the partner."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app import bulk, ids
from app.attribution.models import Evidence
from app.stripe_events.scope import Scope


def name_partner(
    session: Session, scope: Scope, object_id: str, partner_id: UUID, *, cause: str, occurred_at: datetime
) -> None:
    """Insert the partner that a new report names, as evidence on the report.

    The partner is credited when it is settled.

    Args:
        object_id: the report's id; it carries no evidence yet.
        cause: `request:…`.
        occurred_at: the time of the reported conversion, from which its name counts.
    """
    row = {
        "id": ids.new(),
        **scope.parameters(),
        "object_id": object_id,
        "carrier": "reported",
        "name": ids.encode(ids.PARTNER, partner_id),
        "session_id": "",
        "refers_to": "",
        "field_path": "affiliate_id",
        "stripe_event_id": cause,
        "evident_at": occurred_at,
    }
    bulk.insert(session, Evidence, [row])
