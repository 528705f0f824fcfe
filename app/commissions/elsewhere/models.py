"""Tables: opening balances, histories of customers, and cut-offs that were moved."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, Currency, Minor
from app.ledger.models import Xid8

STAMP: Final = "xid = pg_current_xact_id() WHERE xid IS NULL"
"""SQL that ends an UPDATE, in a transaction of its own: what may have read nothing of the row has an older `xid`."""
HAS_ENDED: Final = "(xid < pg_snapshot_xmin(pg_current_snapshot()) OR xid >= pg_snapshot_xmax(pg_current_snapshot()))"
"""SQL condition on `xid`: its transaction and all older ones have ended, or it is of a copy from another cluster."""


class OpeningBalance(Base):
    """What a partner had earned elsewhere and was not paid; negative: what it owed.

    What it is and whose never changes. The sums are its position in the ledger by account, as those of a commission.
    """

    __tablename__ = "opening_balances"
    __table_args__ = (
        UniqueConstraint("program_id", "livemode", "source", "source_id", name="uq_opening_balances_source"),
        CheckConstraint("amount_minor <> 0", name="not_zero"),
        CheckConstraint("currency = lower(currency)", name="currency_lower"),
        Index(
            "ix_opening_balances_payable",
            "program_id",
            "livemode",
            "partner_id",
            "currency",
            postgresql_where=text("payable_minor <> 0"),
        ),
        Index("ix_opening_balances_organization_id_livemode_id", "organization_id", "livemode", "id"),
        Index("ix_opening_balances_partner_id_livemode_id", "partner_id", "livemode", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    partner_organization_id: Mapped[UUID | None]
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"))
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    source: Mapped[str]
    """The system it comes from: `rewardful`, `manual`, …"""
    source_id: Mapped[str]
    """Its name in that system. A second record of the same source and name is the same balance."""
    occurred_at: Mapped[datetime]
    """Of what time it is the balance."""
    payable_minor: Mapped[Minor]
    clearing_minor: Mapped[Minor] = mapped_column(server_default="0")
    paid_minor: Mapped[Minor] = mapped_column(server_default="0")
    fee_minor: Mapped[Minor] = mapped_column(server_default="0")
    written_off_minor: Mapped[Minor] = mapped_column(server_default="0")
    paid_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class CustomerHistory(Base):
    """A customer on which a partner earned elsewhere: all it paid counts for cycles and months.

    It is named by its Stripe id, or by the mark of its address while no event has named it.
    """

    __tablename__ = "customer_histories"
    __table_args__ = (
        UniqueConstraint(
            *("organization_id", "livemode", "stripe_customer_id", "email_mark", "program_id"),
            name="uq_customer_histories_customer",
        ),
        CheckConstraint("stripe_customer_id <> '' OR email_mark <> ''", name="named"),
        Index(
            "ix_customer_histories_email_mark",
            *("organization_id", "livemode", "email_mark"),
            postgresql_where=text("email_mark <> ''"),
        ),
        Index(
            "ix_customer_histories_due",
            *("organization_id", "livemode", "id"),
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index(
            "ix_customer_histories_unasked",
            *("organization_id", "livemode", "id"),
            postgresql_where=text("email_encrypted IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    stripe_customer_id: Mapped[str] = mapped_column(server_default="")
    email_mark: Mapped[str] = mapped_column(server_default="")
    """The mark of its address; '' if it is named by its Stripe id."""
    email_encrypted: Mapped[str | None]
    """The address, sealed, until Stripe was asked for its customers; then it is removed."""
    first_paid_at: Mapped[datetime | None]
    """When it first paid, as the other system says; None if Stripe's history is all that is known."""
    cause: Mapped[str]
    """Recorded with the entries: `request:…`, `job:…`."""
    created_at: Mapped[CreatedAt]
    settled_at: Mapped[datetime | None]
    """When its payments were settled again; None: they are still to be."""
    xid: Mapped[int | None] = mapped_column(Xid8)
    """Of a transaction after the one that recorded it; settling begins when it and all older ones have ended.

    None: none has begun yet.
    """


class CutoffMove(Base):
    """A cut-off that was moved: the payments between the two times are to be settled again."""

    __tablename__ = "cutoff_moves"
    __table_args__ = (
        CheckConstraint("begins_at < ends_at", name="period"),
        Index("ix_cutoff_moves_organization_id", "organization_id", "livemode"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    cause: Mapped[str]
    """Recorded with the entries: `request:…`, `job:…`."""
    after_payment_id: Mapped[UUID | None]
    """Up to which payment they are settled."""
    created_at: Mapped[CreatedAt]
    xid: Mapped[int | None] = mapped_column(Xid8)
    """As of a history: older transactions may have read the former cut-off."""
