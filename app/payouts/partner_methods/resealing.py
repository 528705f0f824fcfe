"""Re-encrypting what payouts keep: the destination that each was reserved with, and the files with payouts."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app import ids, sealing
from app.config import Settings
from app.organizations import actors, audit
from app.payouts.files.models import PayoutFile
from app.payouts.models import Payout


def reseal_payouts(session: Session, actor: actors.Actor, settings: Settings) -> int:
    """Re-encrypt the destinations of all payouts with the newest secret key; returns their number.

    Effects: updates the payouts, and adds an audit entry for each owner and mode.

    Raises:
        ConfigurationError: one cannot be decrypted with any of our keys; then nothing is changed.
    """
    counts = _reseal(session, Payout, Payout.destination_encrypted, settings, at_once=1000)
    _add_entries(session, actor, "payouts.resealed", counts)
    return counts.total()


def reseal_files(session: Session, actor: actors.Actor, settings: Settings) -> int:
    """As `reseal_payouts` for files with payouts, a few at a time, because each may have megabytes."""
    counts = _reseal(session, PayoutFile, PayoutFile.content_encrypted, settings, at_once=10)
    _add_entries(session, actor, "payout_files.resealed", counts)
    return counts.total()


def _reseal(
    session: Session,
    model: type[Payout] | type[PayoutFile],
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
    settings: Settings,
    *,
    at_once: int,
) -> Counter[tuple[UUID, bool]]:
    """Re-encrypt a column; returns how many rows each owner has in each mode."""
    table = model.metadata.tables[model.__tablename__]
    change = update(table).where(table.c.id == bindparam("row_id")).values({column.key: bindparam("sealed")})
    counts: Counter[tuple[UUID, bool]] = Counter()
    last_id = UUID(int=0)
    while rows := _load_after(session, model, column, last_id, at_once):
        changes = [{"row_id": row_id, "sealed": sealing.reseal(sealed or "", settings)} for row_id, *_, sealed in rows]
        session.connection().execute(change, changes)
        counts.update((owner, livemode) for _, owner, livemode, _ in rows)
        last_id = rows[-1][0]
    return counts


def _load_after(
    session: Session,
    model: type[Payout] | type[PayoutFile],
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
    last_id: UUID,
    at_once: int,
) -> Sequence[Row[UUID, UUID, bool, str | None]]:
    """The next rows with something sealed: id, owner, mode, and the sealed text."""
    query = select(model.id, model.organization_id, model.livemode, column)
    chosen = query.where(model.id > last_id, column.is_not(None)).order_by(model.id).limit(at_once)
    return session.execute(chosen.with_for_update()).all()


def _add_entries(session: Session, actor: actors.Actor, action: str, counts: Counter[tuple[UUID, bool]]) -> None:
    for (owner, livemode), count in counts.items():
        audit.add_entry(
            session,
            actor,
            action,
            ids.encode(ids.ORGANIZATION, owner),
            {"count": count},
            organization_id=owner,
            livemode=livemode,
        )
