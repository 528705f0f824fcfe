"""Re-encrypting what payouts keep: the destination that each was reserved with."""

from collections import Counter
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app import ids, sealing
from app.config import Settings
from app.organizations import actors, audit
from app.payouts.models import Payout

ROWS_AT_ONCE = 1000


def reseal_all(session: Session, actor: actors.Actor, settings: Settings) -> int:
    """Re-encrypt the destinations of all payouts with the newest secret key; returns their number.

    Effects: updates the payouts, and adds an audit entry for each owner and mode.

    Raises:
        ConfigurationError: one cannot be decrypted with any of our keys; then nothing is changed.
    """
    counts: Counter[tuple[UUID, bool]] = Counter()
    last_id = UUID(int=0)
    while rows := _load_after(session, last_id):
        changes = [{"row_id": row_id, "sealed": sealing.reseal(sealed, settings)} for row_id, _, _, sealed in rows]
        session.connection().execute(_UPDATE, changes)
        counts.update((owner, livemode) for _, owner, livemode, _ in rows)
        last_id = rows[-1][0]
    for (owner, livemode), count in counts.items():
        audit.add_entry(
            session,
            actor,
            "payouts.resealed",
            ids.encode(ids.ORGANIZATION, owner),
            {"payouts": count},
            organization_id=owner,
            livemode=livemode,
        )
    return counts.total()


_UPDATE = (
    update(Payout.__table__)  # type: ignore[arg-type]  # a declarative class types its table as any selectable
    .where(Payout.id == bindparam("row_id"))
    .values(destination_encrypted=bindparam("sealed"))
)


def _load_after(session: Session, last_id: UUID) -> list[tuple[UUID, UUID, bool, str]]:
    """The next payouts with a destination: id, owner, mode, and the sealed destination."""
    sealed = Payout.destination_encrypted
    query = select(Payout.id, Payout.organization_id, Payout.livemode, sealed)
    rows = session.execute(
        query.where(Payout.id > last_id, sealed.is_not(None)).order_by(Payout.id).limit(ROWS_AT_ONCE).with_for_update()
    )
    return [(row_id, owner, livemode, text) for row_id, owner, livemode, text in rows if text is not None]
