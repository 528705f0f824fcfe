"""Files of comma-separated values: UTF-8 without a byte order mark, lines end in CR LF. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Final

from app.payouts.methods import Refusal
from app.texts import CONTROL

_FORMULA: Final = re.compile(r"^\s*[=+\-@]")
"""A spreadsheet that opens the file would calculate such a cell."""
_CONTROL: Final = re.compile(f"[{CONTROL}]")
_LETTER: Final = re.compile(r"[^\W_]")


def render(header: Sequence[str] | None, rows: Iterable[Sequence[str]]) -> bytes:
    """The bytes of a file with these cells; a cell with a comma or a quote is quoted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if header is not None:
        writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def problem(field: str, text: str, *, is_name: bool = False) -> Refusal | None:
    """Why a cell cannot be in a file: it begins like a formula, or has a control character.

    Args:
        field: the field of the destination, for the sentence.
        text: the cell.
        is_name: the name of a person or a company, which has a letter or a digit.
    """
    if _FORMULA.search(text):
        return Refusal("formula", {"field": field})
    if _CONTROL.search(text):
        return Refusal("control_character", {"field": field})
    if is_name and not _LETTER.search(text):
        return Refusal("no_letters", {"field": field})
    return None


def first_problem(*problems: Refusal | None) -> Refusal | None:
    """The first that is one."""
    return next((found for found in problems if found is not None), None)
