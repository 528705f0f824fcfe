"""Views of exports."""

from typing import Literal

from pydantic import Field

from app import ids
from app.sentences import problems
from app.transfer.exports.stored.models import Export
from app.views import Instant, Snake


class ExportBody(Snake):
    """An export, with its progress."""

    id: str = Field(examples=["exp_01m8jhewjmenbvdn9nt4j9d6c3"])
    livemode: bool
    status: Literal["queued", "running", "ready", "failed", "expired"]
    has_destinations: bool = Field(description="Whether payout destinations are in it, encrypted with a passphrase.")
    progress_pct: int = Field(description="How much of it is made, in percent.")
    rows: int | None = Field(description="How many rows all tables have together; null until it is ready.")
    bytes: int | None
    sha256: str | None = Field(description="Of the file. Compare it before the file is restored.")
    problem: str | None = Field(description="Why the last attempt failed.")
    created_at: Instant
    finished_at: Instant | None
    expires_at: Instant | None = Field(description="When the file is deleted.")


class ExportPage(Snake):
    """A page of exports, newest first."""

    data: list[ExportBody]
    has_more: bool


def body(export: Export) -> ExportBody:
    """The view of an export."""
    return ExportBody(
        id=ids.encode(ids.EXPORT, export.id),
        livemode=export.livemode,
        status=export.status,
        has_destinations=export.has_destinations,
        progress_pct=export.progress_bps // 100,
        rows=export.rows,
        bytes=export.bytes,
        sha256=export.sha256,
        problem=problems.sentence(export.problem) if export.problem else None,
        created_at=export.created_at,
        finished_at=export.finished_at,
        expires_at=export.expires_at,
    )
