"""What the job does with exports: claims one, stores its archive in parts, finishes it, deletes what expired."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, exists, func, insert, select, text, update
from sqlalchemy.orm import Session

from app import sealing
from app.bulk import among
from app.errors import LeaseLost
from app.ledger.recorded_time.fences import Begin
from app.transfer.exports.manifest import Manifest
from app.transfer.exports.stored.models import Export, ExportPart

PART_BYTES: Final = 1024**2
KEPT_FOR: Final = timedelta(days=7)
LEASE: Final = timedelta(minutes=10)
"""A process that has written nothing for so long has ended; another one begins again."""
MOST_ATTEMPTS: Final = 3
PAUSE: Final = timedelta(minutes=1)
"""Before another attempt."""

_GIVE_UP: Final = text("""
    UPDATE exports SET status = 'failed', passphrase_encrypted = NULL, finished_at = now(),
                       problem = '{"problem": "export_worker_ended"}'
    WHERE finished_at IS NULL AND due_at <= now() AND attempts >= :most
    RETURNING id
""")
_CLAIM: Final = text("""
    UPDATE exports SET status = 'running', lease = lease + 1, attempts = attempts + 1, due_at = now() + :lease
    WHERE id = (
        SELECT id FROM exports WHERE finished_at IS NULL AND due_at <= now()
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id
""")


def is_due(session: Session) -> bool:
    """Whether an export is to be made."""
    unfinished = exists().where(Export.finished_at.is_(None), Export.due_at <= func.now())
    return bool(session.scalar(select(unfinished)))


def claim(session: Session) -> Export | None:
    """The export that has been due longest, for this process alone; None if none is due.

    Effects: deletes what another process wrote of it. An export whose worker ended on every attempt has failed.
    """
    given_up = session.scalars(_GIVE_UP, {"most": MOST_ATTEMPTS}).all()
    session.execute(delete(ExportPart).where(among(ExportPart.export_id, given_up)))
    found = session.scalar(_CLAIM, {"lease": LEASE})
    if found is None:
        return None
    session.execute(delete(ExportPart).where(ExportPart.export_id == found))
    export = session.get_one(Export, found, populate_existing=True)
    session.expunge(export)
    return export


class PartWriter:
    """A file that cannot be read: what is written to it is stored in sealed parts, each in a transaction of its own."""

    def __init__(self, begin: Begin, export: Export, check: Callable[[], None] = lambda: None) -> None:
        """Write the parts of a claimed export, in transactions of `begin`; `check` may raise before each of them."""
        self._begin = begin
        self._check = check
        self._export = export
        self._kept = bytearray()
        self._digest = sha256()
        self._count = 0
        self.bytes = 0
        self.progress_bps = 0

    def write(self, data: bytes) -> int:
        """Keep `data` until a part is complete, then store it. Raises LeaseLost if another process has the export."""
        self._kept += data
        self._digest.update(data)
        self.bytes += len(data)
        while len(self._kept) >= PART_BYTES:
            self._store(bytes(self._kept[:PART_BYTES]))
            del self._kept[:PART_BYTES]
        return len(data)

    def flush(self) -> None:
        """Do nothing: a part is stored when it is complete."""

    def end(self) -> str:
        """Store the last part; returns the SHA-256 of everything, in hexadecimal digits. Raises LeaseLost."""
        if self._kept:
            self._store(bytes(self._kept))
            self._kept.clear()
        return self._digest.hexdigest()

    def _store(self, part: bytes) -> None:
        self._check()
        sealed = sealing.seal_bytes(part, sealing.of_process())
        with self._begin() as session:
            _hold(session, self._export, due_at=func.now() + LEASE, progress_bps=self.progress_bps)
            of_whom = {"organization_id": self._export.organization_id, "livemode": self._export.livemode}
            session.execute(
                insert(ExportPart).values(
                    export_id=self._export.id, number=self._count, content_encrypted=sealed, **of_whom
                )
            )
        self._count += 1


def finish(session: Session, export: Export, manifest: Manifest, archive_bytes: int, digest: str) -> None:
    """Store the result of an export whose parts are all stored. Raises LeaseLost."""
    _hold(
        session,
        export,
        status="ready",
        passphrase_encrypted=None,
        progress_bps=10_000,
        rows=sum(table.rows for table in manifest.tables),
        bytes=archive_bytes,
        sha256=digest,
        problem=None,
        finished_at=func.now(),
        expires_at=func.now() + KEPT_FOR,
    )


def fail(session: Session, export: Export, problem: Mapping[str, Any]) -> None:
    """Store why an attempt failed: another one follows after a minute, or the export has failed. Raises LeaseLost."""
    if export.attempts < MOST_ATTEMPTS:
        _hold(session, export, status="queued", problem=dict(problem), due_at=func.now() + PAUSE)
        return
    session.execute(delete(ExportPart).where(ExportPart.export_id == export.id))
    ended = {"status": "failed", "passphrase_encrypted": None, "finished_at": func.now()}
    _hold(session, export, problem=dict(problem), **ended)


def release(session: Session, export: Export) -> None:
    """Leave an export to another process, because this one is asked to stop; it counts as no attempt."""
    _hold(session, export, status="queued", due_at=func.now(), attempts=Export.attempts - 1)


def delete_expired(session: Session) -> int:
    """Delete the archives whose time is over; returns how many exports expired."""
    over = update(Export).where(Export.status == "ready", Export.expires_at <= func.now())
    expired: list[UUID] = list(session.scalars(over.values(status="expired").returning(Export.id)))
    session.execute(delete(ExportPart).where(among(ExportPart.export_id, expired)))
    return len(expired)


def _hold(session: Session, export: Export, **columns: Any) -> None:
    held = update(Export).where(Export.id == export.id, Export.lease == export.lease, Export.finished_at.is_(None))
    if session.scalar(held.values(**columns).returning(Export.id)) is None:
        raise LeaseLost
