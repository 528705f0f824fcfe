"""Payoneer's file of payments, without a header: email, amount, currency, description. Pure."""

from collections.abc import Sequence

from app.payouts.files.formats import cells
from app.payouts.files.lines import FileHead, FileLine
from app.payouts.methods import Refusal


def problem(line: FileLine) -> Refusal | None:
    """Why the line cannot be in the file."""
    return cells.problem("email", line.destination.get("email", ""), is_name=True)


def render(head: FileHead, lines: Sequence[FileLine]) -> bytes:
    """The file."""
    rows = ((line.destination["email"], line.amount, line.currency_code, head.marked(line.reference)) for line in lines)
    return cells.render(None, rows)
