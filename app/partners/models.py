"""Tables: partners, their codes and the terms stamped onto them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt
from app.programs.shapes import LIMITED_SQL


class Partner(Base):
    """One affiliate's enrollment in one program; who earns. `slug` is its current code."""

    __tablename__ = "partners"
    __table_args__ = (
        Index(
            "uq_partners_program_id_email",
            "program_id",
            "email",
            unique=True,
            postgresql_where=text("email_state <> 'unconfirmed'"),
        ),
        Index("ix_partners_email", "program_id", "email"),
        CheckConstraint("email_state IN ('given', 'unconfirmed', 'confirmed', 'approved')", name="email_state"),
        Index("ix_partners_program_id_id", "program_id", "id"),
        UniqueConstraint("organization_id", "slug"),
        UniqueConstraint("program_id", "partner_organization_id"),
        CheckConstraint("status IN ('pending', 'active', 'paused', 'banned', 'deactivated')", name="status"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("slug = lower(slug)", name="slug_lower"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    """The program's owner."""
    partner_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    """The affiliate's own organization; null until it has joined."""
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("partners.id"), index=True)
    """Its upline, a partner of the same program; a trigger refuses cycles."""
    email: Mapped[str]
    email_state: Mapped[str] = mapped_column(server_default="given")
    """Who confirmed the address: `given`: the program's owner, who gave it; `unconfirmed`: the partner only, so the
    address is not used; `confirmed`: by a mailed link; `approved`: unconfirmed, but the owner approved the partner."""
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    slug: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="pending")
    status_changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When it got its present status."""
    rejection_reason: Mapped[str | None]
    """Why its application was rejected, in the owner's words, while it is rejected. An erasure empties it."""
    stripe_account_id: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column("metadata", server_default="{}")
    created_at: Mapped[CreatedAt]
    activated_at: Mapped[datetime | None]

    @property
    def full_name(self) -> str | None:
        """First and last name; None if neither is known."""
        return " ".join(filter(None, (self.first_name, self.last_name))) or None


class PartnerCode(Base):
    """A code in a link. It belongs to its partner permanently; renaming a partner adds another code."""

    __tablename__ = "partner_codes"
    __table_args__ = (
        CheckConstraint("code = lower(code)", name="code_lower"),
        Index("ix_partner_codes_code", "code"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"), index=True)
    created_at: Mapped[CreatedAt]


class Snapshot(Base):
    """Terms stamped onto a partner; its commissions are computed from these, not from the program's present terms."""

    __tablename__ = "snapshots"
    __table_args__ = (
        CheckConstraint("source IN ('invite', 'approval', 'amendment')", name="source"),
        CheckConstraint("applies_to IN ('new_customers', 'all_customers')", name="applies_to"),
        CheckConstraint("holdback_days >= 0", name="holdback_days"),
        Index("ix_snapshots_partner_id_effective_from", "partner_id", "effective_from"),
        Index(
            "ix_snapshots_limited",
            "organization_id",
            postgresql_where=text(LIMITED_SQL),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    partner_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"))
    terms_id: Mapped[UUID] = mapped_column(ForeignKey("terms.id"))
    commission: Mapped[dict[str, Any]]
    holdback_days: Mapped[int | None]
    """Null: the holdback of the terms."""
    is_override: Mapped[bool] = mapped_column(server_default="false")
    """Whether the commission was set for this partner, instead of being the program's own."""
    source: Mapped[str]
    applies_to: Mapped[str] = mapped_column(server_default="all_customers")
    effective_from: Mapped[datetime]
    created_at: Mapped[CreatedAt]
