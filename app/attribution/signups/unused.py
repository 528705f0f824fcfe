"""Claims of browsers that came to nothing: no Stripe object has shown the user's id."""

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.attribution.signups import references
from app.signups import checks
from app.signups.models import BY_BROWSER

PAGE: Final = 1_000

_UNUSED: Final = text(f"""
    SELECT claim.id FROM signups AS claim
    WHERE claim.source = '{BY_BROWSER}' AND claim.created_at < :before AND NOT EXISTS (
        SELECT FROM evidence
        WHERE evidence.refers_to = '{references.USER}' || claim.customer_id AND evidence.refers_to <> ''
          AND evidence.organization_id = claim.organization_id
    )
    ORDER BY claim.created_at LIMIT {PAGE}
""")


def delete_unused(session: Session, *, before: datetime) -> int:
    """Delete a page of the claims made before a time whose user no Stripe object has named; returns how many."""
    found = session.scalars(_UNUSED, {"before": before}).all()
    checks.delete_claims(session, found)
    return len(found)
