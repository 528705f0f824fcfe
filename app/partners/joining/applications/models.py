"""Tables: answers of applications, and acceptances of partner agreements."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt


class Application(Base):
    """What a person answered who applied, with the questions as they were. Personal data: an erasure deletes it."""

    __tablename__ = "applications"

    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    answers: Mapped[list[dict[str, Any]]]
    created_at: Mapped[CreatedAt]


class AgreementAcceptance(Base):
    """A partner accepted a version of its program's agreement. Never changed."""

    __tablename__ = "agreement_acceptances"
    __table_args__ = (
        ForeignKeyConstraint(
            ["program_id", "version"],
            ["agreements.program_id", "agreements.version"],
            name="fk_agreement_acceptances_program_id_version",
        ),
    )

    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    program_id: Mapped[UUID]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    accepted_at: Mapped[datetime] = mapped_column(server_default=func.now())
