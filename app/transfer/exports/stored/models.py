"""Tables: exports, and the parts of their archives."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt

STATUSES: Final = ("queued", "running", "ready", "failed", "expired")


class Export(Base):
    """An archive of an organization and all below it, in the mode of the key that asked for it."""

    __tablename__ = "exports"
    __table_args__ = (
        CheckConstraint(f"status IN ({', '.join(map(repr, STATUSES))})", name="status"),
        CheckConstraint("(finished_at IS NULL) = (status IN ('queued', 'running'))", name="finished"),
        CheckConstraint("passphrase_encrypted IS NULL OR finished_at IS NULL", name="passphrase"),
        CheckConstraint("status <> 'ready' OR (rows, bytes, sha256, expires_at) IS NOT NULL", name="made"),
        Index("ix_exports_organization_id", "organization_id", "livemode", "id"),
        Index(
            "uq_exports_unfinished",
            "organization_id",
            "livemode",
            unique=True,
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index("ix_exports_expires_at", "expires_at", postgresql_where=text("status = 'ready'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    livemode: Mapped[bool]
    status: Mapped[str] = mapped_column(server_default="queued")
    has_destinations: Mapped[bool]
    """Whether payout destinations are in it, under a passphrase."""
    passphrase_encrypted: Mapped[str | None]
    """The passphrase, sealed, until the archive is made."""
    created_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    progress_bps: Mapped[int] = mapped_column(server_default="0")
    rows: Mapped[int | None] = mapped_column(BigInteger)
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    """Of the archive, in hexadecimal digits."""
    problem: Mapped[dict[str, Any] | None]
    """Why it failed, as `app.sentences.problems` renders it."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[CreatedAt]
    """It is not claimed before this time, which is in the future while a process makes it."""
    lease: Mapped[int] = mapped_column(server_default="0")
    """Counts claims: a process whose claim is not the last one writes nothing."""
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class ExportPart(Base):
    """A piece of an archive, sealed; numbered from 0."""

    __tablename__ = "export_parts"

    export_id: Mapped[UUID] = mapped_column(ForeignKey("exports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    content_encrypted: Mapped[bytes]
