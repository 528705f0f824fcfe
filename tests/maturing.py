"""What the clock approves at any moment."""

from datetime import datetime

from app import db
from app.commissions.decisions import maturing


def clock(now: datetime, *, limit: int = maturing.BATCH) -> int:
    """Let the clock approve what has matured by `now`, so many commissions at a time; returns how many it settled."""
    return maturing.approve(db.transaction, now=now, limit=limit)
