"""Settles payments again whose touchpoint was stored while the payment was being processed.

A touchpoint precedes the payment that names its session, but a drain may read the touchpoints just before this one is
committed. A visitor must not wait for a drain, so there is no lock between them. Instead the clock reads the
touchpoints of each named session once more, a minute later, and settles again if one was missed.
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
"""Longer than any statement that writes a touchpoint takes."""
PAGE: Final = 500


def settle_late(session: Session, *, now: datetime) -> bool:
    """Settle again the objects that name a session with touchpoints that were missed; a page of names at a time.

    Returns:
        Whether there may be more.

    Effects: as `settle_objects`; marks the names as checked.
    """
    awaiting = sessions.load_awaiting(session, before=now - AFTER, limit=PAGE)
    if not awaiting:
        return False
    concerned: dict[Scope, set[str]] = {}
    for named in sessions.with_unseen_touches(session, awaiting):
        concerned.setdefault(named.scope, set()).add(named.object_id)
    for scope in sorted(concerned):
        object_ids = concerned[scope]
        locked = objects.lock(session, scope, object_ids, newly_named=object_ids)
        settle_objects(session, scope, locked, Cause("job:late_touches", now))
    sessions.mark_looked_at(session, awaiting)
    return len(awaiting) == PAGE
