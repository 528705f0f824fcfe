"""Tables: organizations, their API keys, and audit entries."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import PERIODS, Base, CreatedAt, block_range_index


class Organization(Base):
    """An account holder: a merchant or an affiliate. A key of an organization also manages its descendants."""

    __tablename__ = "organizations"
    __table_args__ = (
        CheckConstraint("parent_id <> id", name="parent"),
        CheckConstraint("kind IN ('merchant', 'affiliate')", name="kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    kind: Mapped[str] = mapped_column(server_default="affiliate")
    """`merchant`: owns programs, webhook endpoints and organizations. `affiliate`: only takes part in programs."""
    name: Mapped[str]
    email: Mapped[str | None]
    email_salt: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid())
    """The salt for marks of its customers' addresses. Never shown and never changed."""
    created_at: Mapped[CreatedAt]


class ApiKey(Base):
    """An API key of an organization. Only the SHA-256 of the plaintext is stored."""

    __tablename__ = "api_keys"
    __table_args__ = (CheckConstraint("level IN ('read', 'manage')", name="level"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    name: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    """The last four characters, by which people can distinguish keys."""
    livemode: Mapped[bool]
    """Whether it sees and makes live money or test money."""
    level: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditEntry(Base):
    """A change that a person, a key or the clock made. No role may update or delete entries."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        CheckConstraint(r"action ~ '^[a-z_]+(\.[a-z_]+)+$'", name="action"),
        Index("ix_audit_entries_organization_id", "organization_id", "id"),
        Index("ix_audit_entries_subject", "subject_id", "organization_id", "id"),
        Index("ix_audit_entries_action", "organization_id", "action", "id"),
        block_range_index("ix_audit_entries_created_at", "created_at", PERIODS),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    """The owner of what was changed."""
    actor: Mapped[str]
    """As `actors.name_of` gives it: `key_…`, `mcp:key_…`, `cli`, `clock`, `console`, `public` or `mcp`."""
    livemode: Mapped[bool | None]
    """The mode of the money or endpoint that was changed; None where it belongs to no mode."""
    action: Mapped[str]
    subject_id: Mapped[str]
    """The public id of what was changed."""
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    request_id: Mapped[str | None]
    created_at: Mapped[CreatedAt]
