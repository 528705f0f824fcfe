"""Views of statements, in snake_case, for owners and partners."""

from collections.abc import Iterable
from typing import Any, Final, Literal

from pydantic import Field

from app import ids
from app.ledger.entries import RecordedLine
from app.paging import HasMore, Page
from app.statements.lines import StatementLine, StatementPayout, lines_of, payouts_of
from app.statements.models import Statement
from app.statements.movements import OWED
from app.views import Instant, Snake

MONTH: Final = "%Y-%m"


class StatementSummary(Snake):
    """A partner's month in one currency, in the currency's smallest unit.

    opening_cents + earned_cents = closing_cents + paid_cents + fee_cents + written_off_cents.
    """

    id: str | None = Field(description="Null for a preview.", examples=["stm_01h455vb4pex5vsknk084sn02q"])
    status: Literal["closed", "preview"] = Field(
        description="closed: it never changes. preview: the running month, up to now."
    )
    program_id: str = Field(examples=["prog_01h455vb4pex5vsknk084sn02q"])
    partner_id: str = Field(examples=["par_01h455vb4pex5vsknk084sn02q"])
    livemode: bool
    currency: str = Field(examples=["usd"])
    number: int = Field(description="Counts the partner's statements in this currency, from 1.")
    month: str = Field(examples=["2026-10"])
    time_zone: str = Field(description="The program's time zone when the month was closed.", examples=["Europe/Berlin"])
    begins_at: Instant = Field(description="Entries recorded at this time or later belong to it.")
    ends_at: Instant = Field(description="Entries recorded at this time or later belong to a later month.")
    closed_at: Instant | None
    opening_cents: int = Field(description="What was owed: accrued, payable and in payouts.")
    opening_accrued_cents: int
    opening_payable_cents: int
    opening_clearing_cents: int
    earned_cents: int = Field(description="Earned, less what was taken back.")
    paid_cents: int = Field(description="Paid after the platform's fee, less what came back.")
    fee_cents: int = Field(description="The platform's fees.")
    written_off_cents: int
    closing_cents: int
    closing_accrued_cents: int
    closing_payable_cents: int
    closing_clearing_cents: int
    entry_count: int
    unprocessed_events: int = Field(
        description="Stripe events of the month that had no outcome, or were parked, when it was closed. What they "
        "change is in a later month."
    )
    previous_hash: str | None = Field(description="The hash of the partner's statement before this one.")
    hash: str | None = Field(description="SHA-256 over bounds, previous hash and postings; null for a preview.")


class StatementBody(StatementSummary):
    """A statement with an account of every entry."""

    payouts: list[StatementPayout]
    lines: list[StatementLine] = Field(description="Every entry, in the order of recording.")


class StatementPage(Snake):
    """A page of closed statements, newest first, and the running month."""

    data: list[StatementSummary]
    has_more: HasMore
    preview: list[StatementSummary] = Field(description="The running month, for each currency.")


def statement_page(page: Page[Statement], previews: Iterable[Statement]) -> StatementPage:
    """A page of closed statements, with the running months."""
    return StatementPage(
        data=[summary(statement) for statement in page.rows],
        has_more=page.has_more,
        preview=[summary(statement, is_preview=True) for statement in previews],
    )


def summary(statement: Statement, *, is_preview: bool = False) -> StatementSummary:
    """A statement without its entries."""
    return StatementSummary(**_fields(statement, is_preview=is_preview))


def body(
    statement: Statement, recorded: Iterable[RecordedLine], *, for_owner: bool, is_preview: bool = False
) -> StatementBody:
    """A statement with its entries, for the program's owner or the partner."""
    opening_minor = sum(getattr(statement, f"opening_{name}_minor") for name in OWED)
    lines = list(lines_of(recorded, opening_minor, statement.time_zone, for_owner=for_owner))
    return StatementBody(**_fields(statement, is_preview=is_preview), payouts=payouts_of(lines), lines=lines)


def _fields(statement: Statement, *, is_preview: bool) -> dict[str, Any]:
    parts = {
        f"{side}_{name}_cents": getattr(statement, f"{side}_{name}_minor")
        for side in ("opening", "closing")
        for name in OWED
    }
    totals = {f"{side}_cents": sum(parts[f"{side}_{name}_cents"] for name in OWED) for side in ("opening", "closing")}
    return {
        "id": None if is_preview else ids.encode(ids.STATEMENT, statement.id),
        "status": "preview" if is_preview else "closed",
        "program_id": ids.encode(ids.PROGRAM, statement.program_id),
        "partner_id": ids.encode(ids.PARTNER, statement.partner_id),
        "livemode": statement.livemode,
        "currency": statement.currency,
        "number": statement.number,
        "month": statement.month.strftime(MONTH),
        "time_zone": statement.time_zone,
        "begins_at": statement.begins_at,
        "ends_at": statement.ends_at,
        "closed_at": None if is_preview else statement.closed_at,
        **parts,
        **totals,
        "earned_cents": statement.earned_minor,
        "paid_cents": statement.paid_minor,
        "fee_cents": statement.fee_minor,
        "written_off_cents": statement.written_off_minor,
        "entry_count": statement.entry_count,
        "unprocessed_events": statement.unprocessed_events,
        "previous_hash": statement.previous_hash,
        "hash": None if is_preview else statement.hash,
    }
