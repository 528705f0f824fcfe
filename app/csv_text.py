"""Lists as CSV text: the columns and cells of a view, and lines that a spreadsheet cannot execute. Pure.

UTF-8, a comma between cells, CRLF after each line, `.` in decimals (RFC 4180).
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

from app.money import decimal_text

Cell = str | int | float | bool | None

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a formula may begin with; the last four are the full-width forms. Source: OWASP, "CSV Injection"."""
TEXT_MARK: Final = "'"
"""Written before such a cell, so that a spreadsheet takes it for text."""
NUMBER: Final = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
MINOR_SUFFIXES: Final = ("_cents", "Cents")


def lines(rows: Iterable[Sequence[Cell]]) -> str:
    """The rows as CSV. Text that a spreadsheet could take for a formula gets an apostrophe in front; numbers never."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([[_written(cell) for cell in row] for row in rows])
    return text.getvalue()


@cache
def columns(view: type[BaseModel]) -> tuple[str, ...]:
    """The names of the columns of a view: its fields as in JSON.

    An amount in minor units is followed by the amount as a decimal number, if the view has its currency: after
    `amount_cents` comes `amount`.
    """
    return tuple(name for field in _fields(view) for name in field if name is not None)


def cells(view: BaseModel) -> list[Cell]:
    """The cells of a row, in the order of `columns`; an object or a list is JSON."""
    values = view.model_dump(mode="json", by_alias=True)
    row: list[Cell] = []
    for name, decimal_name in _fields(type(view)):
        value = values[name]
        row.append(json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value)
        if decimal_name is not None:
            row.append(None if value is None else decimal_text(value, values["currency"]))
    return row


@cache
def _fields(view: type[BaseModel]) -> tuple[tuple[str, str | None], ...]:
    """Each field's name in JSON, with the name of the column of decimals that follows it."""
    names = [field.serialization_alias or name for name, field in view.model_fields.items()]
    has_currency = "currency" in names
    return tuple((name, _decimal_name(name, names) if has_currency else None) for name in names)


def _decimal_name(name: str, taken: Sequence[str]) -> str | None:
    for suffix in MINOR_SUFFIXES:
        if name.endswith(suffix):
            plain = name.removesuffix(suffix)
            return plain if plain not in taken else f"{plain}_decimal"
    return None


def _written(cell: Cell) -> Any:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(cell):
        return TEXT_MARK + cell
    return cell
