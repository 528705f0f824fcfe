"""Whether payouts wait for a person: for the switch, or for a release after a restoration."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.doctor.examined import Examined
from app.doctor.findings import Finding, found
from app.payouts.connect.restored import HELD
from app.payouts.showing.queries import count_under_way

_HELD = text("SELECT count(*) FROM payout_transfers WHERE problem->>'problem' = :held AND due_at IS NULL")


def check(session: Session, examined: Examined) -> Iterator[Finding]:
    """Payouts that cannot leave because of the switch, and transfers that a restoration holds."""
    under_way = sum(count_under_way(session).values())
    if under_way and not examined.settings.payouts_live:
        yield found("payouts_switched_off", count=under_way)
    if held := session.scalar(_HELD, {"held": HELD}):
        yield found("payouts_held", count=held)
