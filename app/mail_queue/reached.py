"""How far routines have looked that find facts to write mails about."""

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

_ADVANCE: Final = text("""
    WITH former AS (SELECT name, reached_at FROM mail_reached WHERE name = :name FOR UPDATE),
    written AS (
        INSERT INTO mail_reached (name, reached_at) VALUES (:name, :now)
        ON CONFLICT (name) DO UPDATE SET reached_at = excluded.reached_at
    )
    SELECT reached_at FROM former
""")


def advance(session: Session, name: str, now: datetime) -> datetime | None:
    """Note that a routine looks until `now`; returns how far it had looked before, None the first time."""
    former: datetime | None = session.scalar(_ADVANCE, {"name": name, "now": now})
    return former
