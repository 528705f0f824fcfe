"""Tables: the brands of programs, and their logos."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ProgramBrand(Base):
    """What a program's owner set of its brand. A program without a row has none of it."""

    __tablename__ = "program_brands"
    __table_args__ = (CheckConstraint("color ~ '^#[0-9a-f]{6}$'", name="color"),)

    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    version: Mapped[int] = mapped_column(server_default="1")
    """Counts the changes; it is in the addresses of logo and stylesheet, so that browsers may keep both."""
    name: Mapped[str | None]
    color: Mapped[str | None]
    support_email: Mapped[str | None]
    portal_text: Mapped[str | None]
    """Plain text with placeholders, as the owner wrote it."""
    application_text: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ProgramLogo(Base):
    """A program's logo, as it was encoded by us."""

    __tablename__ = "program_logos"
    __table_args__ = (
        CheckConstraint("media_type IN ('image/png', 'image/jpeg')", name="media_type"),
        CheckConstraint("octet_length(content) <= 204800", name="content"),
    )

    program_id: Mapped[UUID] = mapped_column(ForeignKey("program_brands.program_id"), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    media_type: Mapped[str]
    width: Mapped[int]
    """Pixels."""
    height: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
