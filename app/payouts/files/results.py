"""Result files: what PayPal, Wise or a person says became of the payouts of a file. Pure.

A layout is known by its column names; `reference` and `status` are what every layout has. Sources: PayPal, Payouts
reports, read on 2026-11-28; the columns of Wise's list of transfers and of PayPal's activity download are unverified.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

from app import money, texts
from app.errors import InvalidRequest
from app.immutable import immutable
from app.payouts import references

PaymentOutcome = Literal["paid", "failed", "waiting", "unknown"]

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "reference": (
            "reference",
            "refid",
            "uniquerefid",
            "customerid",
            "uniqueid",
            "senderitemid",
            "paymentreference",
        ),
        "status": ("status", "transactionstatus", "payoutstatus"),
        "provider_id": ("providerid", "transactionid", "payoutitemid", "id", "transferid"),
        "reason": ("reason", "errormessage", "errorenum", "note"),
        "amount": ("amount", "payoutamount", "gross", "targetamountafterfees", "targetamount", "paymentamount"),
        "currency": ("currency", "currencycode", "targetcurrency", "paymentcurrency"),
    }
)
"""By what we read, the columns that have it, the first of them that is there; letters and digits only, lower case."""

OUTCOMES: Final[Mapping[str, PaymentOutcome]] = MappingProxyType(
    {
        **dict.fromkeys(["paid", "success", "succeeded", "completed", "processed", "outgoingpaymentsent"], "paid"),
        **dict.fromkeys(["failed", "denied", "blocked", "rejected", "declined", "cancelled", "canceled"], "failed"),
        **dict.fromkeys(["returned", "refunded", "reversed", "bouncedback", "fundsrefunded", "error"], "failed"),
        **dict.fromkeys(
            ["new", "pending", "processing", "unclaimed", "onhold", "held", "sent", "fundsconverted"], "waiting"
        ),
    }
)
"""What a status means; letters only, lower case."""

LONGEST_TEXT: Final = 200

_CONTROL: Final = re.compile(f"[{texts.CONTROL}]")
_REFERENCE: Final = re.compile(rf"(?<![0-9A-Z])P[{references.ALPHABET}]{{{references.LENGTH - 1}}}(?![0-9A-Z])")
_NOT_LETTERS: Final = re.compile(r"[^a-z0-9]")


@immutable
class ResultLine:
    """A line of a result file.

    Attributes:
        number: of the line in the file; the header is 1.
        reference: the payout's reference; None: the line has none that is valid.
        outcome: what its status means; `waiting`: it has not ended.
        status: as the file has it.
        provider_id: the provider's name for the payment, or None.
        reason: why it failed, or None.
        amount: as the file has it, or None.
        currency: lower case, or None.
    """

    number: int
    reference: str | None
    outcome: PaymentOutcome
    status: str
    provider_id: str | None
    reason: str | None
    amount: str | None
    currency: str | None

    def is_about(self, net_minor: int, currency: str) -> bool:
        """Whether amount and currency are those of the payout, as far as the file has them; the sign is ignored."""
        if self.currency is not None and self.currency != currency:
            return False
        return self.amount is None or money.minor_of(self.amount, currency) in {net_minor, -net_minor}


def read(content: bytes) -> list[ResultLine]:
    """The lines of a result file, which has a header, in the order of the file; blank lines are left out.

    Raises:
        InvalidRequest: `results_unreadable`: it is not text, or lacks the columns of a reference and a status.
    """
    rows = list(_rows(content))
    header = [_plain(cell) for cell in rows[0]] if rows else []
    places = {field: _place(header, names) for field, names in COLUMNS.items()}
    if places["reference"] is None or places["status"] is None:
        raise InvalidRequest(
            "the file has no columns for reference and status; send the provider's result file with its header, or "
            "reference,status,provider_id,reason",
            code="results_unreadable",
            param="file",
        )
    return [_line(number, row, places) for number, row in enumerate(rows[1:], start=2) if any(row)]


def _rows(content: bytes) -> Sequence[Sequence[str]]:
    try:
        text = content.decode("utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if "\x00" in text:
        raise InvalidRequest("the file is no text; send it as CSV", code="results_unreadable", param="file")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        return [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        ]
    except csv.Error as problem:
        message = f"the file cannot be read as CSV ({problem}); send it as the provider made it"
        raise InvalidRequest(message, code="results_unreadable", param="file") from None


def _line(number: int, row: Sequence[str], places: Mapping[str, int | None]) -> ResultLine:
    found = {
        field: row[place] for field, place in places.items() if place is not None and place < len(row) and row[place]
    }
    reference = next(
        (one for one in _REFERENCE.findall(found.get("reference", "").upper()) if references.is_reference(one)), None
    )
    status = found.get("status", "")
    currency = found.get("currency")
    return ResultLine(
        number=number,
        reference=reference,
        outcome=OUTCOMES.get(_plain(status), "unknown"),
        status=_line_of(status) or "",
        provider_id=_line_of(found.get("provider_id")),
        reason=_line_of(found.get("reason")),
        amount=found.get("amount"),
        currency=None if currency is None else currency.lower(),
    )


def _place(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _plain(text: str) -> str:
    return _NOT_LETTERS.sub("", text.lower())


def _line_of(text: str | None) -> str | None:
    """`text` as one line that can be stored and shown, cut to `LONGEST_TEXT`; None without any."""
    return None if text is None else " ".join(_CONTROL.sub(" ", text).split())[:LONGEST_TEXT] or None
