"""Tables: visits through partners' links."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt


class Touchpoint(Base):
    """One arrival through a partner's link. It names nobody: what is kept of the visitor are hashes of a day.

    A partition for each month, dropped after `ACCRUAL_TOUCHPOINT_DAYS`. So no money may depend on a row of this table:
    what decides of a payment is copied into `SessionTouch` first.
    """

    __tablename__ = "touchpoints"
    __table_args__ = (
        CheckConstraint("source IN ('link', 'beacon')", name="source"),
        Index("ix_touchpoints_session_id", "session_id", "organization_id"),
        Index("ix_touchpoints_partner_id", "partner_id", "touched_at"),
        {"postgresql_partition_by": "RANGE (touched_at)"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    program_id: Mapped[UUID]
    partner_id: Mapped[UUID]
    code: Mapped[str]
    session_id: Mapped[str]
    source: Mapped[str]
    landing: Mapped[str] = mapped_column(server_default="")
    """Where it led, without query and fragment."""
    referrer: Mapped[str] = mapped_column(server_default="")
    """The page the link stood on, without query and fragment."""
    utm: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """`source`, `medium`, `campaign`, `term`, `content`, as far as the link had them."""
    address_hash: Mapped[str] = mapped_column(server_default="")
    agent_hash: Mapped[str] = mapped_column(server_default="")
    touched_at: Mapped[datetime] = mapped_column(primary_key=True)
    created_at: Mapped[CreatedAt]
