"""Tables: invitations, and confirmations of addresses."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
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
