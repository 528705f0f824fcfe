"""Tables: outbound webhook endpoints, messages, their deliveries and attempts.

A *message* is a fact: its id is the `webhook-id` of every delivery, for ever. A *delivery* is a message for one
endpoint; it is attempted until the endpoint accepts it or it is given up.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.db import Base, CreatedAt


class OutboundEndpoint(Base):
    """An address that messages of an organization and mode are sent to.

    With `partner_id` it is a partner's postback URL: a GET request without a body and without a signature. A partner
    has at most one in each mode.
    """

    __tablename__ = "outbound_endpoints"
    __table_args__ = (
        CheckConstraint("partner_id IS NOT NULL OR deleted_at IS NOT NULL OR secret_encrypted IS NOT NULL", name="key"),
        CheckConstraint("disabled_at IS NULL OR disabled_reason IS NOT NULL", name="disabled"),
        Index(
            "ix_outbound_endpoints_organization_id",
            "organization_id",
            "livemode",
            postgresql_where=text("partner_id IS NULL AND deleted_at IS NULL"),
        ),
        Index(
            "uq_outbound_endpoints_postback",
            "partner_id",
            "livemode",
            unique=True,
            postgresql_where=text("partner_id IS NOT NULL AND deleted_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    livemode: Mapped[bool]
    partner_id: Mapped[UUID | None]
    """The partner whose postback URL this is; null: an endpoint of the merchant."""
    url: Mapped[str]
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Names of event types, or `["*"]`."""
    description: Mapped[str] = mapped_column(server_default="")
    include_backfill: Mapped[bool] = mapped_column(server_default="false")
    """Whether facts that a backfill made are sent to it too."""
    secret_encrypted: Mapped[str | None]
    """The signing secret `whsec_…`, sealed; null: a postback, or deleted."""
    previous_secret_encrypted: Mapped[str | None]
    """The secret before the last rotation, sealed; it signs too until `previous_secret_ends_at`."""
    previous_secret_ends_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    failing_since: Mapped[datetime | None]
    """When the first of its attempts failed since the last that succeeded; null while it works."""
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    """A code: `by_request`, `failing` after three days of failures, `enrollment_ended` of a partner's postback, or
    `restored` from an archive."""
    deleted_at: Mapped[datetime | None]
    """If set, it is not listed and its secrets were deleted; its deliveries still refer to it."""


class OutboundMessage(Base):
    """A fact with its data as the API showed it then. Rows are never changed."""

    __tablename__ = "outbound_messages"
    __table_args__ = (UniqueConstraint("commission_id", "sequence"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool | None]
    """The mode of the money; null for a fact about a partner, which endpoints of both modes get."""
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    commission_id: Mapped[UUID | None]
    sequence: Mapped[int | None]
    """Counts the messages about one commission, from 1, in the order in which they were recorded."""
    is_backfill: Mapped[bool] = mapped_column(server_default="false")
    occurred_at: Mapped[datetime]
    created_at: Mapped[CreatedAt]


class OutboundDelivery(Base):
    """A message for one endpoint. It is due while `state` is `pending` and `next_attempt_at` is past."""

    __tablename__ = "outbound_deliveries"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'delivered', 'given_up')", name="state"),
        UniqueConstraint("message_id", "endpoint_id"),
        Index(
            "ix_outbound_deliveries_due", "endpoint_id", "next_attempt_at", postgresql_where=text("state = 'pending'")
        ),
        Index("ix_outbound_deliveries_organization_id", "organization_id", "livemode", "id"),
        Index("ix_outbound_deliveries_state", "organization_id", "livemode", "state", "id"),
        Index("ix_outbound_deliveries_type", "organization_id", "livemode", "type", "id"),
        Index("ix_outbound_deliveries_endpoint_id", "endpoint_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("outbound_messages.id"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("outbound_endpoints.id"))
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    """The mode of the endpoint."""
    type: Mapped[str]
    """The type of the message, by which lists filter."""
    state: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    """Attempts since it was recorded or last resent; how long to wait for the next follows from it."""
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lease: Mapped[UUID | None]
    """The lease of the sender that attempts it now; it ends at `leased_until`."""
    leased_until: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]
    """When it was delivered or given up."""


class OutboundAttempt(Base):
    """One request to an endpoint, and its answer. Rows are never changed."""

    __tablename__ = "outbound_attempts"
    __table_args__ = (Index("ix_outbound_attempts_delivery_id", "delivery_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("outbound_deliveries.id"))
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    attempted_at: Mapped[datetime]
    duration_ms: Mapped[int]
    status_code: Mapped[int | None]
    """Null: there was no answer; then `problem` says why."""
    problem: Mapped[dict[str, Any] | None]
    """Why it failed, as `app.sentences.problems` renders it; null for an answer with a status of 2xx."""
    answer: Mapped[str | None]
    """The first 1,024 bytes of the answer's body, as text; null for a postback, whose answer is not kept."""
