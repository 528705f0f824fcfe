"""Table of owners' payout settings."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Currency


class OwnerSettingsRow(Base):
    """How an owner pays. An owner without a row has set up nothing."""

    __tablename__ = "payout_settings"
    __table_args__ = (CheckConstraint("(debtor_encrypted IS NULL) = (debtor_masked IS NULL)", name="debtor"),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    debtor_encrypted: Mapped[str | None]
    """The account that bank transfers are paid from; null: none."""
    debtor_masked: Mapped[dict[str, Any] | None]
    wise_source_currency: Mapped[Currency | None]
    """What Wise takes the money in; null: not known, so Wise cannot be used."""
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
