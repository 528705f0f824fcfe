"""Tables: the facts of each Stripe object, and payments.

Every unique key here begins with the Stripe id; the other indexes of Stripe ids have it alone. If a key began with the
organization, a table without statistics would be read completely by that prefix, because the planner assumes that three
equal columns select about one row. A query must repeat the condition of the partial index that it needs.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import PERIODS, Base, CreatedAt, Currency, Minor, block_range_index
from app.sentences.outcomes import OUTCOMES


class StripeObject(Base):
    """A Stripe object that an event described or named, with its facts; or a report of the merchant.

    Objects of the same payment (an invoice, its PaymentIntents and charges, their checkout session, its
    InvoicePayments) have the same `root`, whose row is locked before any of them is changed.
    """

    __tablename__ = "stripe_objects"
    __table_args__ = (
        PrimaryKeyConstraint("id", "organization_id", "account", "livemode"),
        Index("ix_stripe_objects_root", "root", postgresql_where=text("root <> id")),
        Index("ix_stripe_objects_subscription", "subscription", postgresql_where=text("subscription <> ''")),
        Index("ix_stripe_objects_customer", "customer", postgresql_where=text("customer <> ''")),
        # Customers by the marks of their addresses, which are names of facts.
        Index(
            "ix_stripe_objects_customer_facts",
            "facts",
            postgresql_using="gin",
            postgresql_where=text("kind = 'customer'"),
        ),
    )

    organization_id: Mapped[UUID]
    account: Mapped[str]
    livemode: Mapped[bool]
    id: Mapped[str]
    kind: Mapped[str]
    root: Mapped[str]
    customer: Mapped[str] = mapped_column(server_default="")
    subscription: Mapped[str] = mapped_column(server_default="")
    facts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    stated_at: Mapped[datetime | None]
    """`created` of the newest event with facts about it; None if it was only named."""
    older_at: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """The times, Unix seconds, of facts that the newest event left out."""


class Payment(Base):
    """One movement of money from a customer to the merchant, whatever Stripe objects describe it.

    `key` is `invoice:in_…` for money that settles an invoice, else `pi:pi_…`, else `ch:ch_…`; `manual:…` for what the
    merchant reported. Every figure is a function of the facts in `stripe_objects`, and is computed again when a fact
    changes.
    """

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("key", "organization_id", "account", "livemode", name="uq_payments_identity"),
        CheckConstraint(f"outcome IN ({', '.join(repr(name) for name in OUTCOMES)})", name="outcome"),
        CheckConstraint("gross_minor >= 0 AND base_minor >= 0", name="amounts"),
        CheckConstraint("returned_minor BETWEEN 0 AND gross_minor", name="returned"),
        CheckConstraint("currency = lower(currency)", name="currency_lower"),
        CheckConstraint("cycle_kind IN ('advance', 'arrears', 'within')", name="cycle_kind"),
        Index("ix_payments_organization_id_livemode_id", "organization_id", "livemode", "id"),
        Index(
            "ix_payments_outcome",
            "organization_id",
            "livemode",
            "outcome",
            "id",
            postgresql_where=text("outcome <> 'accrued'"),
        ),
        Index(
            "ix_payments_conflict",
            "organization_id",
            "livemode",
            "id",
            postgresql_where=text("outcome_details ? 'conflict'"),
        ),
        Index("ix_payments_merged_into_id", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")),
        block_range_index("ix_payments_occurred_at", "occurred_at", PERIODS),
        Index("ix_payments_held_until", "held_until", postgresql_where=text("outcome = 'held'")),
        Index(
            "ix_payments_unlinked",
            "customer",
            "organization_id",
            postgresql_where=text("outcome = 'unattributed' AND invoice = ''"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account: Mapped[str]
    livemode: Mapped[bool]
    key: Mapped[str]
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id"))
    customer: Mapped[str] = mapped_column(server_default="")
    subscription: Mapped[str] = mapped_column(server_default="")
    invoice: Mapped[str] = mapped_column(server_default="")
    payment_intent: Mapped[str] = mapped_column(server_default="")
    charge: Mapped[str] = mapped_column(server_default="")
    currency: Mapped[Currency]
    gross_minor: Mapped[Minor]
    """What was collected, tax included."""
    base_minor: Mapped[Minor]
    """What a commission is computed from, by the program's choice of base."""
    returned_minor: Mapped[Minor]
    """What was returned to the customer, at most the gross."""
    base_details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """The figures of the base, for the explanation."""
    occurred_at: Mapped[datetime]
    hold: Mapped[str] = mapped_column(server_default="")
    """What keeps the clock from approving: `dispute`, `warning` or nothing."""
    held_since: Mapped[datetime | None]
    """The time since which it has been on hold without a break: a later automatic approval does not count."""
    held_until: Mapped[datetime | None]
    """When the hold ends by itself; the year 9999 for an open dispute."""
    cycle_kind: Mapped[str | None]
    """How its invoice names a billing cycle: `advance`, `arrears` or `within`; None without a subscription."""
    cycle_ends_at: Mapped[datetime | None]
    """The end by which its invoice names a billing cycle."""
    billed_at: Mapped[datetime | None]
    """The moment of billing, which determines the cycle of a `within` invoice."""
    email_marks: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """Marks of the addresses on Stripe objects that name no customer; a customer's marks are with the customer."""
    outcome: Mapped[str]
    outcome_details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created_at: Mapped[CreatedAt]
