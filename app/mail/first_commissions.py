"""Mails about the first commission of a partner, found by the clock, so that settling a payment asks for nothing more.

A commission's id begins with the time at which it was made. Each time the ids since the last time are looked through
again, with a margin for transactions that were open then. The first time begins now: earlier commissions make no mail.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import ids
from app.mail_queue import queue, reached
from app.partners.managing import mails

NAME: Final = "first_commissions"
MARGIN: Final = timedelta(minutes=10)
"""Longer than any transaction that settles payments is open."""
_FIRST: Final = text("""
    SELECT DISTINCT ON (partner_id, livemode)
           id, organization_id, program_id, partner_id, livemode, currency, amount_minor
    FROM commissions AS first
    WHERE id >= :since AND amount_minor > 0
      AND NOT EXISTS (SELECT FROM commissions AS earlier
                      WHERE earlier.partner_id = first.partner_id AND earlier.livemode = first.livemode
                        AND earlier.id < first.id AND earlier.amount_minor > 0)
    ORDER BY partner_id, livemode, id
""")


def write(session: Session, *, now: datetime) -> None:
    """Write a mail to each partner that has earned its first commission since the last time."""
    since = reached.advance(session, NAME, now)
    if since is None:
        return
    rows = session.execute(_FIRST, {"since": _least_id(since - MARGIN)}).all()
    written = []
    for row in rows:
        public_id = ids.encode(ids.COMMISSION, row.id)
        details = {"commission_id": public_id, "amount_minor": row.amount_minor, "currency": row.currency}
        written.append(
            mails.about_money(
                "first_commission",
                "live" if row.livemode else "test",
                row.organization_id,
                row.program_id,
                row.partner_id,
                livemode=row.livemode,
                details=details,
            )
        )
    queue.write(session, written)


def _least_id(since: datetime) -> UUID:
    """The least UUIDv7 of a time."""
    return UUID(int=(int(since.timestamp() * 1000) << 80))
