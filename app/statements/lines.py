"""The lines of a statement: one for each entry, with its reason as sentences."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from pydantic import Field

from app import ids
from app.ledger.entries import RecordedLine
from app.sentences import calculations
from app.sentences.say import Money, Value, say, say_stored
from app.statements.movements import Movements, movements
from app.views import ExactInstant, Instant, Snake


class StatementLine(Snake):
    """One entry of a statement: how it changed each account, in the currency's smallest unit."""

    entry_id: str
    kind: str = Field(examples=["adjustment"])
    occurred_at: Instant = Field(description="When it happened.")
    recorded_at: ExactInstant = Field(description="When it was posted, which decides its month.")
    commission_id: str | None = Field(description="Its commission; null if it is about several, or about none.")
    opening_balance_id: str | None = Field(
        description="Its opening balance; null if it is about a commission, or about several of either."
    )
    commission_count: int = Field(description="How many commissions and opening balances it is about.")
    payout_id: str | None = Field(description="The payout it is a step of.")
    sentences: list[str] = Field(description="What happened and why, for people.")
    accrued_cents: int
    payable_cents: int
    clearing_cents: int
    paid_cents: int = Field(description="Paid, after the platform's fee; negative if it came back.")
    fee_cents: int = Field(description="The platform's fee.")
    written_off_cents: int
    owed_cents: int = Field(description="What is owed after it: accrued, payable and in payouts.")


class StatementPayout(Snake):
    """A payout that was paid in the month, or money of it that came back."""

    payout_id: str = Field(examples=["pyt_01h455vb4pex5vsknk084sn02q"])
    occurred_at: Instant
    recorded_at: ExactInstant
    paid_cents: int = Field(description="After the fee; negative if it came back.")
    fee_cents: int


def lines_of(
    recorded: Iterable[RecordedLine], opening_minor: int, zone: str, *, for_owner: bool
) -> Iterator[StatementLine]:
    """The line of each entry, in the order of recording.

    Args:
        recorded: a partner's postings in one currency, entry by entry.
        opening_minor: what is owed before them.
        zone: the time zone (IANA name) that days in sentences are shown in.
        for_owner: whether sentences may say who decided and why in words, which is for the program's owner only.
    """
    owed_minor = opening_minor
    for _, postings in groupby(recorded, key=lambda line: line.entry_id):
        of_entry = list(postings)
        moved = movements(of_entry)
        owed_minor += moved.owed_minor
        yield _line(of_entry, moved, owed_minor, list(_sentences(of_entry, moved, zone, for_owner=for_owner)))


def payouts_of(lines: Iterable[StatementLine]) -> list[StatementPayout]:
    """The payouts that these lines paid or returned."""
    return [
        StatementPayout(
            payout_id=line.payout_id,
            occurred_at=line.occurred_at,
            recorded_at=line.recorded_at,
            paid_cents=line.paid_cents,
            fee_cents=line.fee_cents,
        )
        for line in lines
        if line.payout_id is not None and (line.paid_cents or line.fee_cents)
    ]


def _line(of_entry: Sequence[RecordedLine], moved: Movements, owed_minor: int, sentences: list[str]) -> StatementLine:
    entry = of_entry[0]
    commission_ids = {line.commission_id for line in of_entry}
    return StatementLine(
        entry_id=str(entry.entry_id),
        kind=entry.kind,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        commission_id=_only(of_entry, ids.COMMISSION),
        opening_balance_id=_only(of_entry, ids.OPENING_BALANCE),
        commission_count=len(commission_ids),
        payout_id=entry.details.get("payout_id"),
        sentences=sentences,
        accrued_cents=moved.accrued_minor,
        payable_cents=moved.payable_minor,
        clearing_cents=moved.clearing_minor,
        paid_cents=moved.paid_minor,
        fee_cents=moved.fee_minor,
        written_off_cents=moved.written_off_minor,
        owed_cents=owed_minor,
    )


def _only(of_entry: Sequence[RecordedLine], prefix: str) -> str | None:
    """The only commission of an entry, or its only opening balance; None if it has several, or is about the other."""
    about = {line.commission_id for line in of_entry}
    if len(about) > 1 or of_entry[0].is_opening != (prefix == ids.OPENING_BALANCE):
        return None
    return ids.encode(prefix, about.pop())


def _sentences(of_entry: Sequence[RecordedLine], moved: Movements, zone: str, *, for_owner: bool) -> Iterator[str]:
    entry = of_entry[0]
    values: dict[str, Value] = {
        "commission": _only(of_entry, ids.COMMISSION) or "",
        "opening_balance": _only(of_entry, ids.OPENING_BALANCE) or "",
        "payout": str(entry.details.get("payout_id", "")),
        "amount": Money(_amount_minor(entry.kind, moved), entry.currency),
        "change": Money(moved.owed_minor, entry.currency, is_signed=True),
        "fee": Money(moved.fee_minor, entry.currency),
    }
    yield say_stored("statement", entry.kind, **values)
    if (for_owner or _is_calculated(entry)) and (why := _why(entry, zone)):
        yield say("statement.reason", reason=why)


def _why(entry: RecordedLine, zone: str) -> str:
    """The reason, as far as the sentence about the entry has not said it."""
    if entry.details.get("reason") in calculations.PAYOUT_STEPS:
        return str(entry.details.get("because") or "")
    return calculations.reason(entry.details, entry.currency, zone)


def _amount_minor(kind: str, moved: Movements) -> int:
    """The amount that a sentence about an entry of this kind names."""
    match kind:
        case "hold":
            return moved.accrued_minor
        case "payout":
            return moved.clearing_minor
        case "payout_paid":
            return moved.paid_minor
        case "approval" | "payout_failed" | "payout_canceled" | "payout_returned":
            return moved.payable_minor
        case "write_off":
            return moved.written_off_minor
        case _:
            return moved.owed_minor


def _is_calculated(entry: RecordedLine) -> bool:
    """Whether its reason is a calculation alone, without a person's words."""
    details = entry.details
    return details.get("reason") == calculations.CALCULATED and not details["calculation"].get("stopped_by")
