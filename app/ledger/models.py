"""Tables of the ledger, and the sums kept of it.

Journal entries, postings and posted commissions are only ever added; triggers refuse every change.
"""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from app.db import Base, CreatedAt, Currency, Minor

ACCOUNT_KINDS = (
    "commission_expense",
    "partner_accrued",
    "partner_payable",
    "payout_clearing",
    "partner_paid",
    "platform_fee",
    "written_off",
)
PROGRAM_KINDS: Final = ("commission_expense", "platform_fee", "written_off")
"""Kinds of accounts that belong to the program; the others belong to a partner."""
ENTRY_KINDS = (
    *("accrual", "adjustment", "approval", "hold"),
    *("payout", "payout_paid", "payout_failed", "payout_canceled", "payout_returned", "write_off", "opening"),
)
"""`hold` takes an automatic approval back: the payable amount is accrued again. `payout` reserves what it pays.
`opening` brings in what was earned elsewhere."""


ALL_PARTNERS: Final = UUID(int=0)
"""The partner id of sums over all partners, because a primary key cannot be null."""


class Xid8(UserDefinedType[int]):
    """Postgres's 64-bit transaction id, by which a checkpoint knows which entries it includes."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in Postgres."""
        return "xid8"


class Account(Base):
    """One account per mode, kind, program, partner (None for the program's own) and currency."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint(
            "organization_id",
            "program_id",
            "partner_id",
            "kind",
            "currency",
            "livemode",
            postgresql_nulls_not_distinct=True,
            name="uq_accounts_identity",
        ),
        UniqueConstraint("id", "currency", "livemode"),
        CheckConstraint(f"kind IN ({', '.join(map(repr, ACCOUNT_KINDS))})", name="kind"),
        CheckConstraint(f"(partner_id IS NULL) = (kind IN ({', '.join(map(repr, PROGRAM_KINDS))}))", name="owner"),
        CheckConstraint("currency = lower(currency)", name="currency_lower"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    partner_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    partner_id: Mapped[UUID | None] = mapped_column(ForeignKey("partners.id"), index=True)
    kind: Mapped[str]
    currency: Mapped[Currency]
    livemode: Mapped[bool]
    created_at: Mapped[CreatedAt]


class JournalEntry(Base):
    """A balanced business fact, with everything needed to explain it without a replay."""

    __tablename__ = "journal_entries"
    __table_args__ = (
        UniqueConstraint("idempotency_key", "organization_id"),
        CheckConstraint(f"kind IN ({', '.join(map(repr, ENTRY_KINDS))})", name="kind"),
        Index("ix_journal_entries_organization_id_xid", "organization_id", "xid"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    kind: Mapped[str]
    idempotency_key: Mapped[str]
    """`<commission id>:<n>`; not made from amounts or the event, because 980, 780 and 980 again are valid targets.

    Of a payout's step `<payout id>:<step>`, of a write-off its id.
    """
    occurred_at: Mapped[datetime]
    created_at: Mapped[CreatedAt]
    cause: Mapped[str]
    """The event, request or job that caused it: `evt_…`, `request:…`, `job:…`."""
    details: Mapped[dict[str, Any]]
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    """When it was posted, under a lock that no fence is taken in: see `app.ledger.recorded_time.fences`."""


class EntryReason(Base):
    """What a person, or a code, gave as the reason of an entry. Only these words can be changed: they may be erased."""

    __tablename__ = "entry_reasons"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("journal_entries.id"), primary_key=True)
    organization_id: Mapped[UUID]
    livemode: Mapped[bool]
    reason: Mapped[str]


class Posting(Base):
    """One signed line of an entry: debit positive, credit negative, in minor units."""

    __tablename__ = "postings"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="not_zero"),
        ForeignKeyConstraint(
            ["account_id", "currency", "livemode"], ["accounts.id", "accounts.currency", "accounts.livemode"]
        ),
        Index("ix_postings_commission_id", "commission_id"),
    )

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("journal_entries.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    commission_id: Mapped[UUID | None] = mapped_column(ForeignKey("posted_commissions.commission_id"))
    """The commission, or the opening balance, that it is about."""
    amount_minor: Mapped[Minor]
    currency: Mapped[Currency]
    livemode: Mapped[bool]


class PostedCommission(Base):
    """The columns of a commission, or of an opening balance, that the sums need.

    They are inserted with its first entry, so that no other package's table is read.
    """

    __tablename__ = "posted_commissions"

    commission_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    program_id: Mapped[UUID]
    partner_id: Mapped[UUID]
    level: Mapped[int | None] = mapped_column(SmallInteger)
    """None: it is an opening balance, which no payment earned and no count includes."""
    currency: Mapped[Currency]
    livemode: Mapped[bool]
    earned_at: Mapped[datetime]
    """When its first entry happened. The day it counts on is that day in the program's time zone."""


class CommissionSum(Base):
    """The sums of the postings below a program's checkpoint, by partner and over all, by days and over all days.

    A partner has sums of each day and of spans of 4, 16, 64 and 256 days, so that the partners of a program are ranked
    over any period by reading a few rows of each. Over all partners there are sums of each day.

    Credits are counted positive. All amounts of a commission count on the day it was earned, in the time zone of the
    checkpoint, also those of later days. The counts are of commissions that are worth something.
    """

    __tablename__ = "commission_sums"
    __table_args__ = (
        Index(
            "ix_commission_sums_by_day",
            "program_id",
            "livemode",
            "days",
            "day",
            postgresql_where=text(f"partner_id <> '{ALL_PARTNERS}'"),
        ),
    )

    program_id: Mapped[UUID] = mapped_column(primary_key=True)
    livemode: Mapped[bool] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID] = mapped_column(primary_key=True)
    """`ALL_PARTNERS`: all partners together."""
    days: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    """The length of the span; 0: all days together."""
    day: Mapped[date] = mapped_column(primary_key=True)
    """The first day of the span; `date.min` if it is all days."""
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    accrued_minor: Mapped[Minor]
    payable_minor: Mapped[Minor]
    clearing_minor: Mapped[Minor]
    paid_minor: Mapped[Minor]
    fee_minor: Mapped[Minor]
    commission_count: Mapped[int] = mapped_column(BigInteger)
    conversion_count: Mapped[int] = mapped_column(BigInteger)
    """The count of level 0 alone: one for each conversion."""


class SumsCheckpoint(Base):
    """The checkpoint of a program's sums.

    They include exactly the postings of transactions with an id below `below`.
    """

    __tablename__ = "sums_checkpoints"

    program_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    below: Mapped[int] = mapped_column(Xid8)
    time_zone: Mapped[str]
    """The time zone of its days. If the program changes its time zone, its sums are computed again."""


class LedgerFence(Base):
    """The last fence of a program: nothing is recorded at or before it any more."""

    __tablename__ = "ledger_fences"

    program_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    fenced_at: Mapped[datetime]
    below: Mapped[int] = mapped_column(Xid8)
    """Whatever is recorded later is recorded by a transaction with this id or a higher one."""


class BalancesReached(Base):
    """How far the balance checkpoints of a program go: they include exactly the entries recorded before `until`."""

    __tablename__ = "balances_reached"

    program_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    until: Mapped[datetime]
    below: Mapped[int] = mapped_column(Xid8)
    """Later entries are of transactions with this id or a higher one; they are found by it."""


class BalanceCheckpoint(Base):
    """A partner's balance in one currency with everything recorded before a time.

    There is one for each step of the program's checkpoints in which an entry of the partner was recorded. Credits are
    counted positive.
    """

    __tablename__ = "balance_checkpoints"
    __table_args__ = (Index("ix_balance_checkpoints_program", "program_id", "livemode", "recorded_before"),)

    partner_id: Mapped[UUID] = mapped_column(primary_key=True)
    livemode: Mapped[bool] = mapped_column(primary_key=True)
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    recorded_before: Mapped[datetime] = mapped_column(primary_key=True)
    program_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    accrued_minor: Mapped[Minor]
    payable_minor: Mapped[Minor]
    clearing_minor: Mapped[Minor]
    paid_minor: Mapped[Minor]
    fee_minor: Mapped[Minor]
    written_off_minor: Mapped[Minor]
    entry_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    """The entries of this step, in order: everything recorded since the checkpoint before."""
