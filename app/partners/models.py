"""Tables: programs, terms, partners, codes, snapshots."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, Currency


class Program(Base):
    """A merchant's offer. What it pays stands in its newest `Terms`."""

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
    allow_self_referral: Mapped[bool] = mapped_column(server_default="false")
    include_out_of_band: Mapped[bool] = mapped_column(server_default="false")
    multi_level_enabled: Mapped[bool] = mapped_column(server_default="false")
    platform_fee_bps: Mapped[int] = mapped_column(server_default="0")
    minimum_payouts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """By currency, in its smallest unit: below it nothing is paid out."""
    auto_approve: Mapped[bool] = mapped_column(server_default="false")
    """Whether commissions without any holdback are approved at once; else such ones wait for a person."""
    open_signup: Mapped[bool] = mapped_column(server_default="false")
    """Whether anybody may ask to be a partner."""
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
    """IANA name: where the days of its statistics begin."""
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


class Partner(Base):
    """One affiliate's enrollment in one program; who earns. `slug` is its current code."""

    __tablename__ = "partners"
    __table_args__ = (
        Index(
            "uq_partners_program_id_email",
            "program_id",
            "email",
            unique=True,
            postgresql_where=text("email_state <> 'unconfirmed'"),
        ),
        Index("ix_partners_email", "program_id", "email"),
        CheckConstraint("email_state IN ('given', 'unconfirmed', 'confirmed', 'approved')", name="email_state"),
        Index("ix_partners_program_id_id", "program_id", "id"),
        UniqueConstraint("organization_id", "slug"),
        UniqueConstraint("program_id", "partner_organization_id"),
        CheckConstraint("status IN ('pending', 'active', 'paused', 'banned', 'deactivated')", name="status"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("slug = lower(slug)", name="slug_lower"),
        CheckConstraint("payout_method IN ('paypal', 'stripe', 'bank_transfer', 'crypto')", name="payout_method"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    """The program's owner."""
    partner_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    """The affiliate's own organization; None until it has one."""
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("partners.id"), index=True)
    """Its upline, of the same program; a trigger refuses circles."""
    email: Mapped[str]
    email_state: Mapped[str] = mapped_column(server_default="given")
    """Who says that the address is its own: `given` by the program's owner; `unconfirmed`, only itself, and then the
    address counts for nothing; `confirmed` by a mailed link; `approved`, unconfirmed, with the partner by the owner."""
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    slug: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="pending")
    status_changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """Since when it has this status."""
    payout_method: Mapped[str | None]
    payout_email: Mapped[str | None]
    stripe_account_id: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column("metadata", server_default="{}")
    created_at: Mapped[CreatedAt]
    activated_at: Mapped[datetime | None]


class PartnerCode(Base):
    """A code in a link. Once given it belongs to its partner for ever; renaming a partner adds one."""

    __tablename__ = "partner_codes"
    __table_args__ = (
        CheckConstraint("code = lower(code)", name="code_lower"),
        Index("ix_partner_codes_code", "code"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"), index=True)
    created_at: Mapped[CreatedAt]


class PartnerPromotion(Base):
    """A Stripe promotion code or coupon that belongs to a partner, in every account and mode of the merchant.

    Taken away it stays, because what was used long before goes on counting.
    """

    __tablename__ = "partner_promotions"
    __table_args__ = (
        CheckConstraint("promotion ~ '^(promotion_code|coupon|code):.'", name="promotion"),
        Index(
            "uq_partner_promotions_given",
            "promotion",
            "organization_id",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index("ix_partner_promotions_promotion", "promotion", "organization_id"),
        Index("ix_partner_promotions_partner_id", "partner_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"))
    promotion: Mapped[str]
    """`promotion_code:promo_…`, `coupon:…`, or `code:…` for what customers type, folded."""
    created_at: Mapped[CreatedAt]
    removed_at: Mapped[datetime | None]


class Snapshot(Base):
    """Terms stamped onto a partner; its commissions compute from these, not from the live program."""

    __tablename__ = "snapshots"
    __table_args__ = (
        CheckConstraint("source IN ('invite', 'approval', 'amendment')", name="source"),
        CheckConstraint("applies_to IN ('new_customers', 'all_customers')", name="applies_to"),
        CheckConstraint("holdback_days >= 0", name="holdback_days"),
        Index("ix_snapshots_partner_id_effective_from", "partner_id", "effective_from"),
        Index(
            "ix_snapshots_limited",
            "organization_id",
            postgresql_where=text(
                "commission ? 'max_cycles' OR commission ? 'max_months' OR commission ->> 'type' = 'flat'"
            ),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    partner_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"))
    terms_id: Mapped[UUID] = mapped_column(ForeignKey("terms.id"))
    commission: Mapped[dict[str, Any]]
    holdback_days: Mapped[int | None]
    """None: the program terms' holdback."""
    is_override: Mapped[bool] = mapped_column(server_default="false")
    """Whether the commission was set for this partner, instead of being the program's own."""
    source: Mapped[str]
    applies_to: Mapped[str] = mapped_column(server_default="all_customers")
    effective_from: Mapped[datetime]
    created_at: Mapped[CreatedAt]
