"""Tables: imports, their files, the rows that were not imported, and which partner an affiliate's former id is."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.db import Base, CreatedAt
from app.sentences.imports import STATUSES
from app.transfer.imports.reading.fields import TOOLS


class Import(Base):
    """An import: what was asked for, how far its job is, and what it did.

    It is `queued` until its job has been through its files; `failed` if the job cannot go on.
    """

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint(f"tool IN ({', '.join(map(repr, TOOLS))})", name="tool"),
        CheckConstraint(f"status IN ({', '.join(map(repr, STATUSES))})", name="status"),
        CheckConstraint("(finished_at IS NULL) = (status = 'queued')", name="finished"),
        Index("ix_imports_due", "due_at", postgresql_where=text("status = 'queued'")),
        Index("ix_imports_organization_id", "organization_id", "livemode", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    livemode: Mapped[bool]
    tool: Mapped[str]
    dry_run: Mapped[bool]
    """Whether everything is rolled back but the report."""
    leave_pending: Mapped[bool]
    """Whether commissions that the other system has not released are left out."""
    columns: Mapped[dict[str, Any]]
    """What the merchant said of columns, as `fields.stored` reads it."""
    cutoff_at: Mapped[datetime | None]
    created_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    status: Mapped[str] = mapped_column(server_default="queued")
    rows: Mapped[int]
    rows_done: Mapped[int] = mapped_column(server_default="0")
    counts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """What became of the rows, as `Tally.as_json` gives it."""
    problem: Mapped[dict[str, Any] | None]
    """Why its job failed the last time: a code of the sentences `problem.…` with parameters."""
    due_at: Mapped[CreatedAt]
    """Its job does not continue before this time, which is in the future after a failure."""
    failures: Mapped[int] = mapped_column(server_default="0")
    """Consecutive failures of its job."""
    finished_at: Mapped[datetime | None]


class ImportFile(Base):
    """A file of an import. Its content is deleted when the import has ended."""

    __tablename__ = "import_files"
    __table_args__ = (UniqueConstraint("import_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id"))
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    position: Mapped[int]
    """In the order in which the files are worked on, from 1."""
    name: Mapped[str]
    contents: Mapped[str]
    """What its rows are: `affiliates`, `customers`, `commissions`, joined by `+`."""
    rows: Mapped[int]
    rows_done: Mapped[int] = mapped_column(server_default="0")
    sha256: Mapped[str]
    unit: Mapped[str | None]
    """What its amounts without decimals are, as `amounts.AmountUnit`; null: it has none."""
    unread: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Its columns that are not read."""
    content_encrypted: Mapped[str | None]


class ImportRefusal(Base):
    """A row of a file, or a part of it, that was not imported, and why."""

    __tablename__ = "import_refusals"
    __table_args__ = (
        CheckConstraint("kind IN ('refused', 'left_out')", name="kind"),
        Index("ix_import_refusals_import_id", "import_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id"))
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    file: Mapped[int]
    """The position of its file."""
    line: Mapped[int]
    kind: Mapped[str]
    reason: Mapped[str]
    """A code of `refusals.REFUSALS` or `refusals.LEFT_OUT`."""
    details: Mapped[dict[str, Any]]
    """What its sentence needs: column and value, never a person's address."""


class ImportedAffiliate(Base):
    """Which partner an affiliate's id in another system is, so that later files may name the affiliate by it."""

    __tablename__ = "imported_affiliates"

    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"), primary_key=True)
    tool: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"), index=True)
    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id"))
    created_at: Mapped[CreatedAt]
