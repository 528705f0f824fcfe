"""Tables: programs and their versioned terms."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, Currency


class Program(Base):
    """A merchant's offer. Its commission rules are in its newest `Terms`."""

    __tablename__ = "programs"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'active', 'paused', 'archived')", name="status"),
        CheckConstraint("conversion_kind IN ('payment', 'event', 'entitlement')", name="conversion_kind"),
        CheckConstraint("attribution_model IN ('first_touch', 'last_touch')", name="attribution_model"),
        CheckConstraint("attribution_window_days > 0", name="attribution_window_days"),
        CheckConstraint("platform_fee_bps BETWEEN 0 AND 10000", name="platform_fee_bps"),
        CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency"),
        CheckConstraint(
            "conversion_kind = 'payment' OR conversion_kind = 'event' AND conversion_event_name IS NOT NULL "
            "OR conversion_kind = 'entitlement' AND conversion_entitlement_id IS NOT NULL",
            name="conversion_signal",
        ),
        CheckConstraint("coupon_precedence IN ('link', 'coupon')", name="coupon_precedence"),
        CheckConstraint("link_cookie IN ('on', 'after_consent')", name="link_cookie"),
        Index("uq_programs_one_default", "organization_id", unique=True, postgresql_where=text("is_default")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    name: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="draft")
    currency: Mapped[Currency]
    landing_url: Mapped[str | None]
    landing_hosts: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """Hosts beside that of `landing_url` that links may lead to, lower case."""
    is_default: Mapped[bool] = mapped_column(server_default="false")
    conversion_kind: Mapped[str] = mapped_column(server_default="payment")
    conversion_event_name: Mapped[str | None]
    conversion_entitlement_id: Mapped[str | None]
    attribution_model: Mapped[str] = mapped_column(server_default="last_touch")
    attribution_window_days: Mapped[int] = mapped_column(server_default="30")
    coupon_precedence: Mapped[str] = mapped_column(server_default="link")
    """`link` or `coupon`: which one counts where a link and a promotion name different partners."""
    promotion_coupon: Mapped[str | None]
    """The Stripe coupon of promotion codes that are made for its partners."""
    allow_self_referral: Mapped[bool] = mapped_column(server_default="false")
    include_out_of_band: Mapped[bool] = mapped_column(server_default="false")
    multi_level_enabled: Mapped[bool] = mapped_column(server_default="false")
    platform_fee_bps: Mapped[int] = mapped_column(server_default="0")
    minimum_payouts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """By currency, in its smallest unit: a smaller balance is not paid out."""
    auto_approve: Mapped[bool] = mapped_column(server_default="false")
    """Whether commissions without a holdback are approved at once; if not, a person has to approve them."""
    open_signup: Mapped[bool] = mapped_column(server_default="false")
    """Whether people may sign up as partners without an invitation."""
    user_id_field: Mapped[str] = mapped_column(server_default="user_id")
    """The metadata field of Stripe objects with the id of the user in the merchant's own system."""
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
    """IANA name: the days of its statistics begin at midnight in this zone."""
    link_cookie: Mapped[str] = mapped_column(server_default="on")
    """Whether a link sets the cookie at once, or only after the visitor's consent."""
    live_cutoff_at: Mapped[datetime | None]
    """Live payments made before it earn nothing, because they were paid for elsewhere; they count for cycles."""
    test_cutoff_at: Mapped[datetime | None]
    """As `live_cutoff_at`, for test payments."""
    created_at: Mapped[CreatedAt]


class Terms(Base):
    """A version of a program's rules. Never edited: a change appends a version."""

    __tablename__ = "terms"
    __table_args__ = (
        UniqueConstraint("program_id", "version"),
        CheckConstraint("commission_base IN ('net', 'gross')", name="commission_base"),
        CheckConstraint("holdback_days >= 0", name="holdback_days"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    version: Mapped[int]
    commission: Mapped[dict[str, Any]]
    """A tagged union, `{"type": "percentage", "bps": 2000}`."""
    multi_level: Mapped[list[dict[str, Any]]] = mapped_column(server_default="[]")
    """The ladder, `[{"level": 1, "bps": 500}]`, by level."""
    holdback_days: Mapped[int | None]
    commission_base: Mapped[str] = mapped_column(server_default="net")
    created_at: Mapped[CreatedAt]
