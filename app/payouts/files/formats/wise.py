"""Wise's file of batch payments. Its header is Wise's and never changed. Pure.

Recipients by e-mail address, by IBAN and by account number are in files of their own, because each needs other columns.
The amount is what the recipient gets. Source: wise.com, batch payment templates, read on 2026-11-28; the column
`accountNumber` is from templates for single countries, some of which need further columns.
"""

from collections.abc import Collection, Sequence
from typing import Final

from app.payouts.files.formats import cells
from app.payouts.files.lines import FileHead, FileLine
from app.payouts.methods import Refusal

HEADER: Final = (
    *("name", "recipientEmail", "paymentReference", "receiverType", "amountCurrency", "amount"),
    *("sourceCurrency", "targetCurrency"),
)
ACCOUNTS: Final = {"iban": "IBAN", "account_number": "accountNumber"}
"""The column of an account by the field of its destination."""


def recipient(fields: Collection[str]) -> str:
    """The field of a destination by which the recipient is paid, which all lines of a file share."""
    return next((field for field in ACCOUNTS if field in fields), "email")


def problem(line: FileLine) -> Refusal | None:
    """Why the line cannot be in the file."""
    by = recipient(line.destination)
    return cells.first_problem(
        cells.problem("account_holder", line.destination.get("account_holder", ""), is_name=True),
        cells.problem(by, line.destination.get(by, ""), is_name=True),
    )


def render(head: FileHead, lines: Sequence[FileLine]) -> bytes:
    """The file; with a column for BICs where a line has one."""
    by = recipient(lines[0].destination)
    more: list[tuple[str, str]] = [(ACCOUNTS[by], by)] if by in ACCOUNTS else []
    if any("bic" in line.destination for line in lines):
        more.append(("BIC", "bic"))
    rows = ((*_cells(head, line), *(line.destination.get(field, "") for _, field in more)) for line in lines)
    return cells.render((*HEADER, *(column for column, _ in more)), rows)


def _cells(head: FileHead, line: FileLine) -> tuple[str, ...]:
    is_institution = line.destination.get("receiver_type") == "institution"
    return (
        head.marked(line.destination["account_holder"]),
        line.destination.get("email", ""),
        line.reference,
        "INSTITUTION" if is_institution else "PERSON",
        "target",
        line.amount,
        (head.source_currency or line.currency).upper(),
        line.currency_code,
    )
