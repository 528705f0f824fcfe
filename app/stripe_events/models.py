"""Tables: the inbox of Stripe events, and webhook endpoints."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, column_property, mapped_column

from app.db import PERIODS, Base, CreatedAt, block_range_index
from app.sentences.outcomes import OUTCOMES


class StripeEndpoint(Base):
    """A webhook endpoint: an address of this server that Stripe delivers to; its mode never changes."""

    __tablename__ = "stripe_endpoints"
    __table_args__ = (
        Index(
            "uq_stripe_endpoints_default",
            "is_default",
            unique=True,
            postgresql_where=text("is_default AND deleted_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    livemode: Mapped[bool]
    description: Mapped[str] = mapped_column(server_default="")
    secrets_encrypted: Mapped[str]
    """Sealed JSON list of signing secrets (`signing.py`), newest first; more than one during a rotation."""
    api_key_encrypted: Mapped[str | None]
    """Encrypted API key of its Stripe account, for look-ups and backfills; null: Stripe is not called."""
    created_at: Mapped[CreatedAt]
    disabled_at: Mapped[datetime | None]
    is_default: Mapped[bool] = mapped_column(server_default="false")
    """Whether `/webhooks/stripe` without an id means this endpoint; at most one endpoint of the installation."""
    deleted_at: Mapped[datetime | None]
    """If set, it is not listed and its secrets were deleted; its events still refer to it."""


class DueEvent(Base):
    """An event that is not processed yet. A drain locks the row to claim the event, and deletes it to finish.

    A table of its own, so that finishing adds no entry to the event's indexes. A transaction that changes an event's
    row and its due row locks the due row first.
    """

    __tablename__ = "due_events"

    event_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    next_attempt_at: Mapped[CreatedAt]
    is_backfill: Mapped[bool] = mapped_column(server_default="false")
    """Whether a backfill inserted the event; outbound messages about what it changes say so."""


class StripeEvent(Base):
    """A delivery of Stripe, stored unchanged. `id` is the inbox order.

    An event is finished by a heap-only update: of the columns that finishing changes only the outcome has an index, a
    BRIN index, which has no entry for each row.

    The same `evt_` in another API version (through a second endpoint) is another row: its document may have links that
    the first one lacks, and settling it again changes nothing. An event that arrives through an endpoint of the other
    mode is another row too, so that it never conflicts with the event from an endpoint of the right mode.
    """

    __tablename__ = "stripe_events"
    __table_args__ = (
        UniqueConstraint(
            "stripe_id",
            "organization_id",
            "account",
            "livemode",
            "api_version",
            "is_wrong_mode",
            name="uq_stripe_events_identity",
        ),
        CheckConstraint("is_wrong_mode = (outcome IS NOT DISTINCT FROM 'wrong_mode')", name="wrong_mode"),
        CheckConstraint(f"outcome IN ({', '.join(repr(name) for name in OUTCOMES)})", name="outcome"),
        CheckConstraint("(processed_at IS NULL) = (outcome IS NULL)", name="processed_has_outcome"),
        block_range_index(
            "ix_stripe_events_outcome",
            "outcome",
            "text_bloom_ops(n_distinct_per_range = 24, false_positive_rate = 0.001)",
        ),
        Index("ix_stripe_events_object", "object_id"),
        block_range_index("ix_stripe_events_received_at", "received_at", PERIODS),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    endpoint_id: Mapped[UUID | None] = mapped_column(ForeignKey("stripe_endpoints.id"))
    """None: it was fetched from Stripe, not delivered."""
    account: Mapped[str] = mapped_column(server_default="")
    livemode: Mapped[bool]
    stripe_id: Mapped[str]
    api_version: Mapped[str] = mapped_column(server_default="")
    is_wrong_mode: Mapped[bool] = mapped_column(server_default="false")
    """Whether it arrived through an endpoint of the other mode, whose secret does not prove its origin: its outcome is
    `wrong_mode` for good."""
    type: Mapped[str]
    object_id: Mapped[str] = mapped_column(server_default="")
    """The id of the object the event is about, `in_…`, `re_…`."""
    occurred_at: Mapped[datetime]
    """The event's `created`."""
    received_at: Mapped[CreatedAt]
    payload: Mapped[str]
    processed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    outcome_details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[datetime | None] = column_property(
        select(DueEvent.next_attempt_at)
        .where(DueEvent.event_id == id)  # noqa: A003  (this class's column, as the library wants it)
        .correlate_except(DueEvent)
        .scalar_subquery()
    )
    """When it is due; None once it is processed."""
    last_error: Mapped[dict[str, Any] | None]
    """Why the last attempt failed, as `app.sentences.problems` renders it."""
