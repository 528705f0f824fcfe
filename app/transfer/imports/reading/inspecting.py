"""Looking at files before an import: which list each is, how many rows it has, and what its amounts are in. Pure."""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from app import texts
from app.errors import InvalidRequest, TooLarge
from app.immutable import immutable
from app.transfer.imports.reading import amounts, layouts, tables
from app.transfer.imports.reading.amounts import AmountUnit
from app.transfer.imports.reading.fields import MONEY, Mapped, Tool
from app.transfer.imports.reading.layouts import Layout
from app.transfer.imports.reading.refusals import RowRefused
from app.transfer.imports.reading.rows import Reader
from app.transfer.imports.reading.tables import Table

MOST_BYTES: Final = 20 * 1024 * 1024
MOST_FILES: Final = 20
MOST_ROWS: Final = 200_000
LONGEST_NAME: Final = 100


@immutable
class Sent:
    """A file as it was sent."""

    name: str
    content: bytes

    @classmethod
    def of(cls, name: str | None, content: bytes, place: int) -> "Sent":
        """The file with its name as one line that can be stored and shown; `file 2` for one without a name."""
        line = " ".join(re.sub(f"[{texts.CONTROL}]", " ", name or "").split())[:LONGEST_NAME]
        return cls(line or f"file {place}", content)


@immutable
class Inspected:
    """A file that can be imported.

    Attributes:
        sent: the file.
        layout: how it is read.
        rows: how many rows it has.
        unit: what its amounts without decimals are; None: it has none.
    """

    sent: Sent
    layout: Layout
    rows: int
    unit: AmountUnit | None

    @property
    def sha256(self) -> str:
        """The hash of the file, 64 hexadecimal digits."""
        return hashlib.sha256(self.sent.content).hexdigest()


def inspect(tool: Tool, files: Sequence[Sent], mapped: Mapped, *, currency: str) -> list[Inspected]:
    """The files in the order in which they are imported: affiliates, then customers, then commissions.

    Args:
        tool: the system that wrote them.
        files: in any order.
        mapped: what the merchant says of columns.
        currency: the program's.

    Raises:
        InvalidRequest: `file_unreadable`, `columns_unknown`, `map_invalid`, `amounts_unclear`; there are no or too many
            files or rows.
        TooLarge: they have more than `MOST_BYTES` together.
    """
    if not 1 <= len(files) <= MOST_FILES:
        raise InvalidRequest(f"send 1 to {MOST_FILES} files, not {len(files)}", param="file")
    if sum(len(sent.content) for sent in files) > MOST_BYTES:
        raise TooLarge("the files have more than 20 MB together; split them into several imports", param="file")
    read = [(sent, tables.read_table(sent.content, sent.name)) for sent in files]
    layouts.refuse_unused(mapped, [table.header for _, table in read])
    inspected = [_inspect(tool, sent, table, mapped, currency) for sent, table in read]
    rows = sum(one.rows for one in inspected)
    if rows == 0:
        raise InvalidRequest("the files have no rows below their first line", code="file_unreadable", param="file")
    if rows > MOST_ROWS:
        message = f"the files have {rows:,} rows, and an import takes {MOST_ROWS:,}; split them into several imports"
        raise InvalidRequest(message, param="file")
    return sorted(inspected, key=lambda one: (not one.layout.enrolls, not one.layout.has_customers))


def _inspect(tool: Tool, sent: Sent, table: Table, mapped: Mapped, currency: str) -> Inspected:
    layout = layouts.recognize(tool, table.header, mapped, sent.name)
    reader = Reader(layout, currency=currency)
    rows, has_decimals, unclear = 0, False, None
    for line in table.lines():
        rows += 1
        text = None if has_decimals or not layout.has_money else reader.amount_text(line)
        if text is None:
            continue
        try:
            written = amounts.parse(text)
            has_decimals = amounts.has_decimals(written)
            amounts.minor_of(written, amounts.currency_of(written, None, currency), None)
        except RowRefused as refused:
            unclear = text if refused.code == "amount_ambiguous" else unclear
    unit = reader.unit or ("whole" if has_decimals else None)
    if unclear is not None and unit is None:
        raise _unclear(reader, sent.name, unclear)
    return Inspected(sent, layout, rows, unit)


def _unclear(reader: Reader, name: str, text: str) -> InvalidRequest:
    field = next(field for field in MONEY if field in reader.layout.places)
    column = reader.column(field)
    message = (
        f'the amounts in column "{column}" of {name} have no decimals, so "{text}" may be in whole units or in the '
        f"smallest unit; map {column}={field}:units or {column}={field}:cents"
    )
    return InvalidRequest(message, code="amounts_unclear", param="map")
