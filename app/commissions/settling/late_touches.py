"""Touchpoints that were written in the very moment their session's payment was worked.

A touchpoint comes before the payment that names its session, yet a drain may look for it an instant before it commits.
Neither waits for the other, because a visitor must not wait for a drain. Instead the clock looks once more at every
session named, a while after its name was heard, and settles again where a touchpoint had not been seen.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from app.attribution import sessions
from app.commissions.settling.settle import settle_objects
from app.commissions.settling.settlement import Cause
from app.payments import objects
from app.stripe_events.scope import Scope

AFTER: Final = timedelta(seconds=60)
"""No statement that writes a touchpoint takes so long."""
PAGE: Final = 500


def settle_late(session: Session, *, now: datetime) -> bool:
    """Settle again what names a session with touchpoints that no decision has seen; a page of names at a time.

    Returns:
        Whether there may be more.

    Effects: as `settle_objects`; marks the names as looked at.
    """
    awaiting = sessions.load_awaiting(session, before=now - AFTER, limit=PAGE)
    if not awaiting:
        return False
    concerned: dict[Scope, set[str]] = {}
    for one in sessions.with_unseen_touches(session, awaiting):
        concerned.setdefault(one.scope, set()).add(one.object_id)
    for scope in sorted(concerned):
        found = concerned[scope]
        locked = objects.lock(session, scope, found, newly_named=found)
        settle_objects(session, scope, locked, Cause("job:late_touches", now))
    sessions.mark_looked_at(session, awaiting)
    return len(awaiting) == PAGE
