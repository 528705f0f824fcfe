"""Tables: conversions and the commissions they earn.

Thousands of these rows are written a second, and every foreign key costs a look-up. So only the essential ones exist
(partner, payment, attribution, snapshot); owner, program and terms follow from them.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import PERIODS, Base, CreatedAt, Currency, Minor, block_range_index


class Conversion(Base):
    """A payment that counts for a program and is credited to a partner.

    `verdict` is `earns`, or the outcome that stopped it. It was decided once, when the payment was first settled, and a
    refund years later does not change it.
    """

    __tablename__ = "conversions"
    __table_args__ = (
        UniqueConstraint("payment_id"),
        CheckConstraint(
            "verdict IN ('earns', 'partner_inactive', 'program_inactive', 'kind_mismatch', 'self_referral')",
            name="verdict",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    partner_organization_id: Mapped[UUID | None]
    program_id: Mapped[UUID]
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"))
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    attribution_id: Mapped[UUID] = mapped_column(ForeignKey("attributions.id"))
    verdict: Mapped[str]
    uplines: Mapped[list[dict[str, Any]] | None]
    """The uplines that earn with it, `[{"level": 1, "partner_id": "…"}]`, decided once; None without a ladder."""
    email_mark: Mapped[str] = mapped_column(server_default="")
    """Mark of the partner's address when it was first credited, to detect self-referral; '' if that is allowed."""
    created_at: Mapped[CreatedAt]


class Commission(Base):
    """What one beneficiary earns on one conversion.

    Level 0 is the partner, 1 and up its uplines. The sums are its position in the ledger by account, written with the
    postings and checked by `accrual verify`. Credits are positive here: `accrued_minor` is the balance of
    `partner_accrued` for it.
    """

    __tablename__ = "commissions"
    __table_args__ = (
        UniqueConstraint("conversion_id", "partner_id", "level", "currency", name="uq_commissions_identity"),
        CheckConstraint("status IN ('accrued', 'approved', 'paid', 'reversed')", name="status"),
        CheckConstraint("amount_minor >= 0", name="amount"),
        CheckConstraint("rate_bps BETWEEN 0 AND 10000", name="rate_bps"),
        Index("ix_commissions_organization_id_livemode_id", "organization_id", "livemode", "id"),
        Index("ix_commissions_partner_id_livemode_id", "partner_id", "livemode", "id"),
        Index(
            "ix_commissions_payable",
            "program_id",
            "livemode",
            "partner_id",
            "currency",
            postgresql_where=text("payable_minor <> 0"),
        ),
        Index("ix_commissions_status", "organization_id", "livemode", "status", "id"),
        block_range_index("ix_commissions_accrued_at", "accrued_at", PERIODS),
        Index(
            "ix_commissions_mature_at",
            "mature_at",
            postgresql_where=text("status = 'accrued' AND approved_at IS NULL"),
        ),
        Index(
            "ix_commissions_partner_id_approved_at",
            "partner_id",
            "livemode",
            "approved_at",
            postgresql_where=text("level = 0 AND approved_at IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    partner_organization_id: Mapped[UUID | None]
    conversion_id: Mapped[UUID] = mapped_column(ForeignKey("conversions.id"))
    program_id: Mapped[UUID]
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"))
    level: Mapped[int]
    cycle: Mapped[int | None]
    """Which billing cycle of its subscription it was computed for; None without a limit or a subscription."""
    snapshot_id: Mapped[UUID] = mapped_column(ForeignKey("snapshots.id"))
    terms_id: Mapped[UUID]
    currency: Mapped[Currency]
    rate_bps: Mapped[int | None]
    """None for a fixed amount, and if products have several rates."""
    approved_before: Mapped[int | None]
    """The partner's approved conversions by the payment's time, counted when it first earned; None without tiers."""
    base_minor: Mapped[Minor]
    amount_minor: Mapped[Minor]
    """What the terms give with nothing returned; 0 if its payment was merged or credited to another partner."""
    accrued_minor: Mapped[Minor]
    payable_minor: Mapped[Minor]
    clearing_minor: Mapped[Minor]
    paid_minor: Mapped[Minor]
    fee_minor: Mapped[Minor]
    written_off_minor: Mapped[Minor] = mapped_column(server_default="0")
    """The part of its payable that a person ended; negative: of a debt. It is not part of what it is worth."""
    entry_count: Mapped[int]
    """How many journal entries of its own it has, for the idempotency key of the next one; payouts' do not count."""
    status: Mapped[str]
    calculation: Mapped[dict[str, Any]]
    """Base, rate, rounding and returns as they were last computed, for the explanation."""
    holdback_days: Mapped[int | None]
    accrued_at: Mapped[datetime]
    mature_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class Decision(Base):
    """That a payment's commissions were approved or rejected.

    Rows are only added; the newest decision of a person counts. It belongs to the movement of money and not to one row:
    a decision about a payment that was merged into another counts for the other.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint("verdict IN ('approved', 'rejected')", name="verdict"),
        Index("ix_decisions_payment_id", "payment_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    verdict: Mapped[str]
    decided_by: Mapped[str]
    """`clock`, or the person's actor: `key_…`, `cli`."""
    is_forced: Mapped[bool]
    """Whether a person approved over a hold."""
    reason: Mapped[str] = mapped_column(server_default="")
    decided_at: Mapped[datetime]
    created_at: Mapped[CreatedAt]
