"""Tables: the application forms of programs, and the versions of their partner agreements."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt


class ApplicationForm(Base):
    """The fields that a program asks besides name and address. A program without a row asks nothing more."""

    __tablename__ = "application_forms"

    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    fields: Mapped[list[dict[str, Any]]]
    """In the order of the form, each as `fields.FormField`."""
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Agreement(Base):
    """A version of a program's partner agreement. Never edited: a change appends a version."""

    __tablename__ = "agreements"

    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    text: Mapped[str]
    created_at: Mapped[CreatedAt]
