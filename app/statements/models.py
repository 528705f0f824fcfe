"""Tables of statements. Rows are only ever added; triggers refuse every change."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Currency, Minor


class StatementPeriod(Base):
    """A closed month of a program."""

    __tablename__ = "statement_periods"
    __table_args__ = (CheckConstraint("begins_at < ends_at AND ends_at <= closed_at", name="order"),)

    program_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    """Its first day."""
    organization_id: Mapped[UUID]
    time_zone: Mapped[str]
    """The program's when it was closed."""
    begins_at: Mapped[datetime]
    """The end of the month before."""
    ends_at: Mapped[datetime]
    """The first moment of the next month."""
    closed_at: Mapped[datetime]


class Statement(Base):
    """A partner's month in one currency and mode; there is none where nothing moved and nothing is owed."""

    __tablename__ = "statements"
    __table_args__ = (
        UniqueConstraint("partner_id", "livemode", "currency", "number", name="uq_statements_chain"),
        ForeignKeyConstraint(["program_id", "month"], ["statement_periods.program_id", "statement_periods.month"]),
        CheckConstraint("(number = 1) = (previous_hash IS NULL)", name="first"),
        CheckConstraint(
            "opening_accrued_minor + opening_payable_minor + opening_clearing_minor + earned_minor"
            " = closing_accrued_minor + closing_payable_minor + closing_clearing_minor"
            " + paid_minor + fee_minor + written_off_minor",
            name="sum",
        ),
        Index("ix_statements_program_id_month", "program_id", "month"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    program_id: Mapped[UUID]
    partner_id: Mapped[UUID]
    livemode: Mapped[bool]
    currency: Mapped[Currency]
    number: Mapped[int]
    """Counts the partner's statements in this currency and mode, from 1."""
    month: Mapped[date]
    time_zone: Mapped[str]
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    closed_at: Mapped[datetime]
    opening_accrued_minor: Mapped[Minor]
    opening_payable_minor: Mapped[Minor]
    opening_clearing_minor: Mapped[Minor]
    closing_accrued_minor: Mapped[Minor]
    closing_payable_minor: Mapped[Minor]
    closing_clearing_minor: Mapped[Minor]
    earned_minor: Mapped[Minor]
    """Earned less taken back."""
    paid_minor: Mapped[Minor]
    """Paid less returned, after the fee."""
    fee_minor: Mapped[Minor]
    written_off_minor: Mapped[Minor]
    entry_count: Mapped[int]
    unprocessed_events: Mapped[int]
    """Events of the month that had no outcome, or were parked, when it was closed: they belong to a later month."""
    previous_hash: Mapped[str | None]
    hash: Mapped[str]
