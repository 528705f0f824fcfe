"""Table of payout methods: how each partner is paid."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.partners.payout_methods.destinations.fields import METHODS


class PayoutMethod(Base):
    """How a partner is paid. A partner without a row has no method and no address."""

    __tablename__ = "payout_methods"
    __table_args__ = (
        CheckConstraint(f"method IN ({', '.join(map(repr, METHODS))})", name="method"),
        CheckConstraint("method IS NOT NULL OR destination_encrypted IS NULL", name="destination_of_method"),
        CheckConstraint("(destination_encrypted IS NULL) = (fingerprint IS NULL)", name="fingerprint"),
    )

    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    """The program's owner."""
    method: Mapped[str | None]
    """Null: none was chosen, but there is an address."""
    destination_encrypted: Mapped[str | None]
    """Null: the method was chosen, but not where to pay."""
    destination_masked: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    fingerprint: Mapped[str | None]
    """Equal for equal destinations of a method; see `sealing.fingerprint`."""
    country: Mapped[str | None]
    email_encrypted: Mapped[str | None]
    """`payout_email` of the Partners API; it stays while another method is used."""
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
