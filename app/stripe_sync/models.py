"""Tables: runs (backfills, reconciliations, replays) with their progress, their differences, and look-ups."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, Currency, Minor

RUN_KINDS: Final = ("backfill", "reconcile", "replay")
RUN_STATES: Final = ("queued", "running", "finished", "failed", "stopped")
DRIFT_KINDS: Final = ("missing_here", "missing_at_stripe", "amount_differs", "returned_differs")


class StripeRun(Base):
    """A backfill, reconciliation or replay. An interrupted run continues from its cursor.

    A replay is of all that an organization's inbox holds in one mode: its `account` is ''.
    """

    __tablename__ = "stripe_runs"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(map(repr, RUN_KINDS))})", name="kind"),
        CheckConstraint(f"state IN ({', '.join(map(repr, RUN_STATES))})", name="state"),
        CheckConstraint("progress_bps BETWEEN 0 AND 10000", name="progress"),
        CheckConstraint("(finished_at IS NULL) = (state IN ('queued', 'running'))", name="finished"),
        Index(
            "uq_stripe_runs_running",
            "kind",
            "organization_id",
            "account",
            "livemode",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
        Index("ix_stripe_runs_unfinished", "id", postgresql_where=text("finished_at IS NULL")),
        Index("ix_stripe_runs_organization_id_kind", "organization_id", "kind", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    account: Mapped[str] = mapped_column(server_default="")
    livemode: Mapped[bool]
    kind: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    dry_run: Mapped[bool]
    state: Mapped[str] = mapped_column(server_default="queued")
    phase: Mapped[str] = mapped_column(server_default="")
    """A code for its present step; after a colon the list it reads: `reading:invoices`."""
    cursor: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """The position where it continues; its form depends on the kind of run."""
    counts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    progress_bps: Mapped[int] = mapped_column(server_default="0")
    """Progress in ten thousandths; an estimate if Stripe does not give a total."""
    problem: Mapped[dict[str, Any] | None]
    """Why it waits or has failed, as `app.sentences.problems` renders it."""
    requested_by: Mapped[str]
    requested_at: Mapped[CreatedAt]
    started_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    due_at: Mapped[CreatedAt]
    """It is not claimed before this time, which is in the future during the back-off after a failure."""
    lease: Mapped[int] = mapped_column(server_default="0")
    """Incremented at each claim, so that a former worker notices that another has claimed the run."""
    failures: Mapped[int] = mapped_column(server_default="0")
    """Consecutive failures without progress."""


class Drift(Base):
    """A difference between Stripe and our payments, found by a reconciliation."""

    __tablename__ = "drifts"
    __table_args__ = (
        UniqueConstraint("stripe_id", "kind", "run_id", name="uq_drifts_identity"),
        CheckConstraint(f"kind IN ({', '.join(map(repr, DRIFT_KINDS))})", name="kind"),
        CheckConstraint("currency = lower(currency)", name="currency_lower"),
        Index("ix_drifts_run_id", "run_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    run_id: Mapped[UUID] = mapped_column(ForeignKey("stripe_runs.id"))
    kind: Mapped[str]
    stripe_id: Mapped[str]
    currency: Mapped[Currency]
    stripe_minor: Mapped[Minor | None]
    """The amount at Stripe; null if Stripe has none."""
    our_minor: Mapped[Minor | None]
    """Our amount; null if we have none."""
    object_kind: Mapped[str]
    """The kind of Stripe's object: `invoice`, `charge`, …"""
    our_currency: Mapped[Currency]
    """The currency of `our_minor`, which may differ from `currency`."""
    created_at: Mapped[CreatedAt]
    healed_at: Mapped[datetime | None]
    """When Stripe's document was inserted into the inbox to remove the difference."""


class SeenAtStripe(Base):
    """An id that Stripe listed during a reconciliation; stored until it ends, to limit the memory of the worker."""

    __tablename__ = "stripe_runs_seen"
    __table_args__ = (PrimaryKeyConstraint("stripe_id", "run_id"),)

    stripe_id: Mapped[str]
    run_id: Mapped[UUID] = mapped_column(ForeignKey("stripe_runs.id"))
    organization_id: Mapped[UUID]


class Lookup(Base):
    """A request to Stripe for missing data. Done without a problem: it was answered, or is not needed any more."""

    __tablename__ = "lookups"
    __table_args__ = (
        UniqueConstraint(
            *("object_id", "kind", "asked_for", "organization_id", "account", "livemode"), name="uq_lookups_identity"
        ),
        Index("ix_lookups_due", "next_attempt_at", "id", postgresql_where=text("done_at IS NULL")),
        Index("ix_lookups_open", "organization_id", postgresql_where=text("done_at IS NULL OR problem IS NOT NULL")),
        Index(
            "ix_lookups_customers",
            *("organization_id", "livemode", "queued_at"),
            postgresql_where=text("kind = 'customer' AND asked_for = '' AND (done_at IS NULL OR problem IS NOT NULL)"),
        ),
        Index(
            "ix_lookups_backfill",
            *("organization_id", "livemode", "id"),
            postgresql_where=text("done_at IS NULL AND is_backfill"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    organization_id: Mapped[UUID]
    account: Mapped[str] = mapped_column(server_default="")
    livemode: Mapped[bool]
    kind: Mapped[str]
    """A code of `lookups.KINDS`."""
    object_id: Mapped[str]
    asked_for: Mapped[str] = mapped_column(server_default="")
    """The thin event that needs the object's present state; '' if any state is enough."""
    is_backfill: Mapped[bool] = mapped_column(server_default="false")
    """Whether only a backfill asked for it; outbound messages about what it finds say so."""
    queued_at: Mapped[CreatedAt]
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[CreatedAt]
    problem: Mapped[dict[str, Any] | None]
    """Why the last attempt failed, as `app.sentences.problems` renders it."""
    done_at: Mapped[datetime | None]
