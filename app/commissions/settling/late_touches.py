"""Touchpoints that were written in the very moment their session's payment was worked.

A touchpoint comes before the payment that names its session, yet a drain may look for it an instant before it commits.
Neither waits for the other, because a visitor must not wait for a drain. Instead the clock looks once more at every
session named, a while after its name was heard, and settles again where a touchpoint had not been seen.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.commissions.settling.resettle import resettle
from app.commissions.settling.settlement import Cause
from app.stripe_events.scope import Scope

AFTER: Final = timedelta(seconds=60)
"""No statement that writes a touchpoint takes so long."""
PAGE: Final = 500

_AWAITING = text("""
    SELECT id, organization_id, account, livemode, object_id, session_id FROM evidence
    WHERE awaits_touches AND created_at < :before ORDER BY created_at LIMIT :page
""")

# Sessions are few beside touchpoints, so the index on these is asked for each session.
_UNSEEN = text("""
    SELECT DISTINCT touch.organization_id, touch.session_id FROM touchpoints AS touch
    WHERE touch.session_id = ANY(:session_ids) AND NOT EXISTS (
        SELECT FROM session_touches AS kept
        WHERE kept.session_id = touch.session_id AND kept.organization_id = touch.organization_id
          AND kept.touchpoint_id = touch.id
    )
""")

_LOOKED_AT = text("UPDATE evidence SET awaits_touches = false WHERE id = ANY(:ids)")


def settle_late(session: Session, *, now: datetime) -> bool:
    """Settle again what names a session with touchpoints that no decision has seen; a page of names at a time.

    Returns:
        Whether there may be more.

    Effects: as `resettle`; marks the names as looked at.
    """
    awaiting = session.execute(_AWAITING, {"before": now - AFTER, "page": PAGE}).all()
    if not awaiting:
        return False
    session_ids = sorted({row.session_id for row in awaiting})
    unseen = {tuple(row) for row in session.execute(_UNSEEN, {"session_ids": session_ids})}
    concerned: dict[Scope, set[str]] = {}
    for row in awaiting:
        if (row.organization_id, row.session_id) in unseen:
            scope = Scope(row.organization_id, row.account, row.livemode)
            concerned.setdefault(scope, set()).add(row.object_id)
    for scope in sorted(concerned):
        found = concerned[scope]
        resettle(session, scope, found, Cause("job:late_touches", now), newly_named=found)
    session.execute(_LOOKED_AT, {"ids": [row.id for row in awaiting]})
    return len(awaiting) == PAGE
