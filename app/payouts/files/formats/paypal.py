"""PayPal's file of payouts: one line a payout, no header, because PayPal reads the first line as a payout. Pure.

Columns: recipient, amount, currency, reference, note. Source: developer.paypal.com, Payouts Web, read on 2026-11-28.
The reference has at most 30 characters without spaces, the note 400.
"""

from collections.abc import Sequence
from typing import Final

from app.payouts.files.formats import cells
from app.payouts.files.lines import FileHead, FileLine
from app.payouts.methods import Refusal
from app.sentences.say import say

LONGEST_NOTE: Final = 400


def problem(line: FileLine) -> Refusal | None:
    """Why the line cannot be in the file."""
    return cells.problem("email", line.destination.get("email", ""), is_name=True)


def render(head: FileHead, lines: Sequence[FileLine]) -> bytes:
    """The file."""
    note = say("payout_file.note", program=head.program_name)
    rows = (
        (
            line.destination["email"],
            line.amount,
            line.currency_code,
            line.reference,
            head.marked(note)[:LONGEST_NOTE],
        )
        for line in lines
    )
    return cells.render(None, rows)
