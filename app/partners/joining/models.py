"""Tables: invitations, confirmations of addresses, and mails to partners."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt


class Invitation(Base):
    """A single-use link by which a partner gets an organization of its own. The token itself is never stored."""

    __tablename__ = "invitations"
    __table_args__ = (Index("ix_invitations_partner_id", "partner_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the token."""
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class EmailConfirmation(Base):
    """A single-use link by which a partner confirms its address. The token itself is never stored."""

    __tablename__ = "email_confirmations"
    __table_args__ = (Index("ix_email_confirmations_partner_id", "partner_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the token."""
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class PartnerMail(Base):
    """A mail to send to a partner. Address and text are not stored; both are made when it is sent."""

    __tablename__ = "partner_mails"
    __table_args__ = (
        CheckConstraint("kind IN ('already_enrolled', 'confirm_address')", name="kind"),
        Index("ix_partner_mails_partner_id", "partner_id", "created_at"),
        Index("ix_partner_mails_due", "next_attempt_at", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"))
    kind: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    """When it was sent (`problem` is null) or given up (`problem` says why)."""
    problem: Mapped[str | None]
    """A code, or the name of the exception that kept it from being sent."""
    created_at: Mapped[CreatedAt]
