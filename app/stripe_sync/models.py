"""Tables: long work on Stripe's history, each with its progress, and the differences a comparison found."""

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
    """One backfill, reconciliation or replay. A run that was interrupted goes on from its cursor.

    A replay is of an organization's whole inbox: its `account` is '' and its `livemode` says nothing.
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
    """What it is doing, a code; after a colon the list it reads: `reading:invoices`."""
    cursor: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """Where it goes on; each kind of run knows its own."""
    counts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    progress_bps: Mapped[int] = mapped_column(server_default="0")
    """How much is done, in ten thousandths; an estimate where Stripe does not say how much there is."""
    problem: Mapped[dict[str, Any] | None]
    """What holds it up, or why it failed, as `app.sentences.problems` reads it."""
    requested_by: Mapped[str]
    requested_at: Mapped[CreatedAt]
    started_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    due_at: Mapped[CreatedAt]
    """Not worked before; later than now while it rests after a failure."""
    lease: Mapped[int] = mapped_column(server_default="0")
    """Counted at each taking: a worker that was thought dead finds that it is no longer its."""
    failures: Mapped[int] = mapped_column(server_default="0")
    """Failures in a row, none of them followed by progress."""


class Drift(Base):
    """One difference between Stripe and our payments, as a reconciliation found it."""

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
    """What Stripe says; None where it has nothing."""
    our_minor: Mapped[Minor | None]
    """What we hold; None where we have nothing."""
    object_kind: Mapped[str]
    """What Stripe's object is: `invoice`, `charge`, …"""
    our_currency: Mapped[Currency]
    """Of `our_minor`; it differs from `currency` where that is what differs."""
    created_at: Mapped[CreatedAt]
    healed_at: Mapped[datetime | None]
    """When Stripe's document was put into the inbox because of it."""


class SeenAtStripe(Base):
    """An id that Stripe listed during a reconciliation; kept until it ends, since memory has a bound."""

    __tablename__ = "stripe_runs_seen"
    __table_args__ = (PrimaryKeyConstraint("stripe_id", "run_id"),)

    stripe_id: Mapped[str]
    run_id: Mapped[UUID] = mapped_column(ForeignKey("stripe_runs.id"))
    organization_id: Mapped[UUID]


class Lookup(Base):
    """Something Stripe is asked for, once. Done without a problem: answered, or not needed any more."""

    __tablename__ = "lookups"
    __table_args__ = (
        UniqueConstraint(
            *("object_id", "kind", "asked_for", "organization_id", "account", "livemode"), name="uq_lookups_identity"
        ),
        Index("ix_lookups_due", "next_attempt_at", "id", postgresql_where=text("done_at IS NULL")),
        Index("ix_lookups_open", "organization_id", postgresql_where=text("done_at IS NULL OR problem IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    organization_id: Mapped[UUID]
    account: Mapped[str] = mapped_column(server_default="")
    livemode: Mapped[bool]
    kind: Mapped[str]
    """What is asked: a word of `lookups.KINDS`."""
    object_id: Mapped[str]
    asked_for: Mapped[str] = mapped_column(server_default="")
    """The thin event it is asked for anew; '' where once is enough."""
    wanted_at: Mapped[CreatedAt]
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[CreatedAt]
    problem: Mapped[dict[str, Any] | None]
    """Why the last attempt brought nothing, as `app.sentences.problems` reads it."""
    done_at: Mapped[datetime | None]
