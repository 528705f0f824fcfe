"""Table: promotion codes that are to be made in Stripe for partners."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt


class PromotionCodeRequest(Base):
    """A promotion code that the process which asks Stripe makes for a partner, in the owner's own Stripe account.

    It is pending until it has a `promotion_code` or a `failed_at`.
    """

    __tablename__ = "promotion_code_requests"
    __table_args__ = (
        CheckConstraint("promotion_code IS NULL OR failed_at IS NULL", name="ended_once"),
        CheckConstraint("max_redemptions > 0", name="max_redemptions"),
        Index("ix_promotion_code_requests_partner_id", "partner_id", "livemode", "id"),
        Index("ix_promotion_code_requests_due", "due_at", "id", postgresql_where=text("due_at IS NOT NULL")),
        Index(
            "uq_promotion_code_requests_own",
            "partner_id",
            "livemode",
            unique=True,
            postgresql_where=text("is_own_choice AND failed_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    livemode: Mapped[bool]
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"))
    coupon: Mapped[str]
    """Stripe's id of the coupon that the code is for."""
    code: Mapped[str | None]
    """What customers type; null until Stripe has chosen it."""
    max_redemptions: Mapped[int | None]
    expires_at: Mapped[datetime | None]
    is_own_choice: Mapped[bool] = mapped_column(server_default="false")
    """Whether the partner chose the spelling, which it may do once in each mode."""
    promotion_code: Mapped[str | None]
    """Stripe's id, `promo_…`, once it was made."""
    problem: Mapped[dict[str, Any] | None]
    """Why the last call to Stripe failed."""
    failed_at: Mapped[datetime | None]
    """When Stripe refused it for good."""
    created_at: Mapped[CreatedAt]
    due_at: Mapped[datetime | None]
    """When Stripe is asked next; null: it was made, or refused."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    lease: Mapped[int] = mapped_column(server_default="0")
    """Counts claims: a process whose claim is not the last one writes nothing."""
