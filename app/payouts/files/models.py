"""Table of the files of payouts."""

from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, Currency, Minor
from app.payouts.methods import FILE_KINDS, FileKind

FILE_STATUSES: Final = ("current", "replacing", "replaced", "void")


class PayoutFile(Base):
    """A file with payouts of a run, sealed. Its bytes never change: when a payout of it ends, another file is made.

    It is `current` until a payout of it ends before the first download; then it is `replacing`, and `replaced` when the
    payouts that are left are in another file. After the download it is `void` if a payout of it was canceled: its line
    must not be paid any more.
    """

    __tablename__ = "payout_files"
    __table_args__ = (
        CheckConstraint(f"status IN ({', '.join(map(repr, FILE_STATUSES))})", name="status"),
        CheckConstraint(f"kind IN ({', '.join(map(repr, FILE_KINDS))})", name="kind"),
        CheckConstraint("(downloaded_at IS NULL) = (downloaded_by IS NULL)", name="downloaded"),
        CheckConstraint(
            "CASE WHEN downloaded_at IS NULL THEN status <> 'void' ELSE status IN ('current', 'void') END",
            name="status_after_download",
        ),
        Index("ix_payout_files_run_id", "run_id", "id"),
        Index("ix_payout_files_replacing", "run_id", postgresql_where=text("status = 'replacing'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    run_id: Mapped[UUID] = mapped_column(ForeignKey("payout_runs.id"))
    livemode: Mapped[bool]
    method: Mapped[str]
    kind: Mapped[str]
    currency: Mapped[Currency]
    name: Mapped[str]
    """What it is called when it is downloaded."""
    lines: Mapped[int]
    net_minor: Mapped[Minor]
    """The sum of its lines, in the currency's smallest unit."""
    sha256: Mapped[str]
    """Of its bytes, in hexadecimal digits."""
    content_encrypted: Mapped[str | None]
    """Null: it was restored from an export without a passphrase, so it cannot be downloaded."""
    status: Mapped[str] = mapped_column(server_default="current")
    created_at: Mapped[CreatedAt]
    downloaded_at: Mapped[datetime | None]
    """The first download, which sent its payouts."""
    downloaded_by: Mapped[str | None]

    @property
    def file_kind(self) -> FileKind:
        """Its kind."""
        return cast("FileKind", self.kind)
