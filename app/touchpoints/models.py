"""Tables: visits through partners' links, and the domains of the cookies that remember them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt


class Touchpoint(Base):
    """One arrival through a partner's link. It does not identify the visitor: it has only hashes that change daily.

    There is a partition for each month, dropped after `ACCRUAL_TOUCHPOINT_DAYS`. So no money may depend on a row of
    this table: what a payment's attribution needs is copied into `SessionTouch` first.
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
    """The address the visitor arrived at, without query and fragment."""
    referrer: Mapped[str] = mapped_column(server_default="")
    """The address of the page that had the link, without query and fragment."""
    utm: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """The link's `utm_…` parameters, of `source`, `medium`, `campaign`, `term` and `content`."""
    address_hash: Mapped[str] = mapped_column(server_default="")
    agent_hash: Mapped[str] = mapped_column(server_default="")
    touched_at: Mapped[datetime] = mapped_column(primary_key=True)
    created_at: Mapped[CreatedAt]


class CookieDomain(Base):
    """The domain of an owner's cookie. An owner without a row has cookies of the host that its links have."""

    __tablename__ = "cookie_domains"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    domain: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
