"""Table: merchants' own texts of mails."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class MailText(Base):
    """A merchant's own subject and text for a kind of mail in a language."""

    __tablename__ = "mail_texts"
    __table_args__ = (
        Index(
            "uq_mail_texts_kind",
            "organization_id",
            "program_id",
            "kind",
            "language",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    program_id: Mapped[UUID | None] = mapped_column(ForeignKey("programs.id"))
    kind: Mapped[str]
    language: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
