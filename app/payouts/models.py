"""Tables: payout runs, what each was to pay to whom, and payouts with their lines and returns."""

from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, Currency, Minor
from app.partners.payout_methods.destinations.fields import METHODS
from app.payouts import methods
from app.payouts.files.models import PayoutFile
from app.payouts.methods import MethodName
from app.payouts.transitions import STATUSES

RUN_STATUSES: Final = ("reserving", "open", "completed", "canceled")
ITEM_STATES: Final = ("planned", "reserved", "skipped")
UNDER_WAY_SQL: Final = "status IN ('pending', 'processing', 'sent')"
"""The condition of payouts whose money stands in clearing."""
TO_TRANSFER_SQL: Final = "method = 'stripe' AND status = 'pending'"
"""The condition of payouts whose transfer has not begun."""


class PayoutRun(Base):
    """A run: it reserves what is payable in a program and a mode, one payout for each partner and currency.

    It is `reserving` until its job has been through its items, `open` while a payout of it is under way, then
    `completed`; or `canceled`.
    """

    __tablename__ = "payout_runs"
    __table_args__ = (
        CheckConstraint(f"status IN ({', '.join(map(repr, RUN_STATUSES))})", name="status"),
        CheckConstraint("(finished_at IS NULL) = (status IN ('reserving', 'open'))", name="finished"),
        Index(
            "uq_payout_runs_reserving",
            "program_id",
            "livemode",
            unique=True,
            postgresql_where=text("status = 'reserving'"),
        ),
        Index("ix_payout_runs_due", "due_at", postgresql_where=text("status = 'reserving'")),
        Index("ix_payout_runs_program_id_livemode_id", "program_id", "livemode", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    livemode: Mapped[bool]
    status: Mapped[str] = mapped_column(server_default="reserving")
    cutoff_at: Mapped[datetime]
    """Credits approved after it are not paid; debts always count."""
    request: Mapped[dict[str, Any]]
    """Whom and what it was limited to, as it was asked for."""
    preview_digest: Mapped[str | None]
    """The digest of the preview it must equal, line by line; None: it was not asked for with a preview."""
    created_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]
    due_at: Mapped[CreatedAt]
    """Its job does not continue before this time, which is in the future after a failure."""
    failures: Mapped[int] = mapped_column(server_default="0")
    """Consecutive failures of its job."""


class PayoutRunItem(Base):
    """What a run was to pay to a partner in a currency, and what became of it. Amounts in minor units."""

    __tablename__ = "payout_run_items"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(map(repr, ITEM_STATES))})", name="state"),
        CheckConstraint("(state = 'skipped') = (reason IS NOT NULL)", name="reason"),
        CheckConstraint("(state = 'reserved') = (payout_id IS NOT NULL)", name="payout"),
    )

    run_id: Mapped[UUID] = mapped_column(ForeignKey("payout_runs.id"), primary_key=True)
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    state: Mapped[str]
    reason: Mapped[str | None]
    """Why it was skipped, a code of `app.sentences.payouts.SKIPPED`."""
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """What the sentence of the reason needs."""
    commission_count: Mapped[int]
    payable_minor: Mapped[Minor]
    minimum_minor: Mapped[Minor]
    gross_minor: Mapped[Minor]
    fee_minor: Mapped[Minor]
    net_minor: Mapped[Minor]
    method: Mapped[str | None]
    fingerprint: Mapped[str | None]
    """The fingerprint of the destination it was planned with."""
    payout_id: Mapped[UUID | None]


class Payout(Base):
    """An amount that is paid to a partner: one for each run, partner and currency. Amounts in minor units.

    `gross_minor` is the sum of its lines, `net_minor` what reaches the partner, `fee_minor` the platform's share. Its
    destination is that of its reservation, whatever the partner changes later.
    """

    __tablename__ = "payouts"
    __table_args__ = (
        CheckConstraint(f"status IN ({', '.join(map(repr, STATUSES))})", name="status"),
        CheckConstraint(f"method IN ({', '.join(map(repr, METHODS))})", name="method"),
        CheckConstraint("gross_minor = fee_minor + net_minor AND net_minor > 0 AND fee_minor >= 0", name="amounts"),
        CheckConstraint(
            "returned_gross_minor = returned_fee_minor + returned_net_minor"
            " AND returned_net_minor BETWEEN 0 AND net_minor",
            name="returned",
        ),
        CheckConstraint("currency = lower(currency)", name="currency_lower"),
        Index("uq_payouts_reference", "reference", unique=True),
        Index("ix_payouts_run_id", "run_id", "id"),
        Index("ix_payouts_program_id_livemode_id", "program_id", "livemode", "id"),
        Index("ix_payouts_partner_id_livemode_id", "partner_id", "livemode", "id"),
        Index("ix_payouts_to_transfer", "id", postgresql_where=text(TO_TRANSFER_SQL)),
        Index("ix_payouts_file_id", "file_id", postgresql_where=text("file_id IS NOT NULL")),
        Index("ix_payouts_under_way", "run_id", "id", postgresql_where=text(UNDER_WAY_SQL)),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    partner_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"))
    run_id: Mapped[UUID] = mapped_column(ForeignKey("payout_runs.id"))
    livemode: Mapped[bool]
    currency: Mapped[Currency]
    gross_minor: Mapped[Minor]
    fee_minor: Mapped[Minor]
    net_minor: Mapped[Minor]
    fee_bps: Mapped[int]
    """The program's platform fee when it was reserved."""
    returned_gross_minor: Mapped[Minor] = mapped_column(server_default="0")
    returned_fee_minor: Mapped[Minor] = mapped_column(server_default="0")
    returned_net_minor: Mapped[Minor] = mapped_column(server_default="0")
    method: Mapped[str]
    destination_encrypted: Mapped[str | None]
    """Where it goes, sealed; None if the method needs none of ours."""
    destination_masked: Mapped[dict[str, Any]]
    """What is shown of the destination."""
    country: Mapped[str | None]
    """Where it goes, an ISO 3166 code; None if that is not known."""
    status: Mapped[str] = mapped_column(server_default="pending")
    reference: Mapped[str]
    """What the bank or the provider carries with the money, `P…`."""
    provider_id: Mapped[str | None]
    """The name of the payment at the bank or the provider, such as `tr_…`."""
    failure_reason: Mapped[str | None]
    """Why it failed or was canceled: a person's words, or a code of `app.sentences.payouts.failure`."""
    failure_details: Mapped[dict[str, Any] | None]
    """What the sentence of the code needs."""
    commission_count: Mapped[int]
    created_at: Mapped[CreatedAt]
    sent_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey(PayoutFile.id))

    @property
    def is_transferring(self) -> bool:
        """Whether its transfer has begun at Stripe, so that only Stripe knows its outcome."""
        return self.method == "stripe" and self.status == "processing"

    @property
    def is_by_file(self) -> bool:
        """Whether its method leaves in a file, which a person uploads."""
        return methods.file_kind(cast("MethodName", self.method), self.currency, self.country) is not None


class PayoutLine(Base):
    """The part of a commission, or of an opening balance, in a payout; negative where a debt is netted.

    Rows are only added.
    """

    __tablename__ = "payout_lines"
    __table_args__ = (
        CheckConstraint("gross_minor <> 0", name="not_zero"),
        Index("ix_payout_lines_commission_id", "commission_id"),
    )

    payout_id: Mapped[UUID] = mapped_column(ForeignKey("payouts.id"), primary_key=True)
    commission_id: Mapped[UUID] = mapped_column(ForeignKey("posted_commissions.commission_id"), primary_key=True)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    gross_minor: Mapped[Minor]
    fee_minor: Mapped[Minor]


class PayoutReturn(Base):
    """Money of a payout that came back, the whole or a part; numbered from 1. Rows are only added."""

    __tablename__ = "payout_returns"
    __table_args__ = (CheckConstraint("net_minor > 0", name="positive"),)

    payout_id: Mapped[UUID] = mapped_column(ForeignKey("payouts.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    gross_minor: Mapped[Minor]
    fee_minor: Mapped[Minor]
    net_minor: Mapped[Minor]
    reason: Mapped[str]
    provider_id: Mapped[str | None]
    """The name of the return at the provider, such as `trr_…`."""
    occurred_at: Mapped[datetime]
    created_at: Mapped[CreatedAt]
