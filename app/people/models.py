"""Tables: people, their memberships in organizations, sign-in links and sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt


class Person(Base):
    """A person who can sign in, known by an e-mail address. In an organization it is a membership."""

    __tablename__ = "people"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    language: Mapped[str | None]
    """The language that the person chose, such as `de`; None: that of the browser, and of the installation in mails."""
    created_at: Mapped[CreatedAt]


class Membership(Base):
    """What a person is in an organization. The name is the organization's own: others do not see it."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint("role IN ('owner', 'manager', 'viewer')", name="role"),
        Index("ix_memberships_organization_id", "organization_id", "person_id"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    role: Mapped[str]
    name: Mapped[str | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class LoginLink(Base):
    """A single-use link by which a person signs in. The token itself is never stored."""

    __tablename__ = "login_links"
    __table_args__ = (Index("ix_login_links_expires_at", "expires_at"),)

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of the token."""
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class PersonSession(Base):
    """A browser in which a person is signed in. Only the SHA-256 of the token in its cookie is stored."""

    __tablename__ = "person_sessions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["person_id", "organization_id"], ["memberships.person_id", "memberships.organization_id"]
        ),
        Index("ix_person_sessions_person_id", "person_id", "organization_id"),
        Index("ix_person_sessions_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    """The organization that its pages show now."""
    shows_live: Mapped[bool]
    """Whether its pages show live money or test money."""
    must_rotate: Mapped[bool] = mapped_column(server_default="false")
    """Whether the role changed, so that the next request gets another token."""
    user_agent: Mapped[str]
    """What the browser says it is, shortened, by which people recognize it."""
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """To within an hour."""
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
