"""A CSV file as a header and numbered lines, whatever program wrote it. Pure.

UTF-8 with and without a byte order mark, UTF-16 and Windows-1252; comma, semicolon, tab or bar between cells.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from app.errors import InvalidRequest
from app.immutable import immutable

UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
WINDOWS: Final = "cp1252"
BROKEN: Final = "\ufffd"
"""What a byte becomes that is no text in the file's encoding."""
DELIMITERS: Final = ",;\t|"

_QUOTED: Final = re.compile(r'"(?:[^"]|"")*"')
_UTF_8_PAIR: Final = re.compile(rb"[\xc3-\xf4][\x80-\xbf]+")
_TEXT_FORMULA: Final = re.compile(r'="((?:[^"]|"")*)"')
_MARKED: Final = re.compile(r"'(?=[=+\-@\t\r])")


@immutable
class Line:
    """A row of a file.

    Attributes:
        number: of its first line in the file; the header is 1.
        cells: as many as the header has at least.
    """

    number: int
    cells: tuple[str, ...]


@immutable
class Table:
    """A file that was decoded.

    Attributes:
        name: of the file, as it was sent.
        header: the names of the columns, as the file has them.
        text: the rest of the file.
        delimiter: between cells.
        header_lines: lines of the file before `text`.
    """

    name: str
    header: tuple[str, ...]
    text: str
    delimiter: str
    header_lines: int

    def lines(self, after: int = 0) -> Iterator[Line]:
        """The rows in the order of the file, without the first `after`; blank lines are no rows.

        Raises:
            InvalidRequest: `file_unreadable`: a quotation mark is never closed, or stands inside a cell.
        """
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter, strict=True)
        began, count = 0, 0
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as problem:
                raise self._unreadable(began + 1 + self.header_lines, problem) from None
            number, began = began + 1 + self.header_lines, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > after:
                padding = ("",) * (len(self.header) - len(cells))
                yield Line(number, (*map(plain, cells), *padding))

    def _unreadable(self, number: int, problem: csv.Error) -> InvalidRequest:
        return _refusal(
            f"{self.name} cannot be read as CSV from line {number} on ({problem}); close every quotation mark, and "
            'write one inside a cell twice: "a ""quoted"" word"'
        )


def read_table(content: bytes, name: str) -> Table:
    """The file as a table; its rows are read by `Table.lines`.

    Args:
        content: the file.
        name: of the file, for messages.

    Raises:
        InvalidRequest: `file_unreadable`: it is no text, is empty, or names a column twice.
    """
    text = _decoded(content, name)
    header_lines = 0
    chosen = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    if chosen is not None:  # Excel writes it for itself
        text, header_lines = text[chosen.end() :], 1
    delimiter = chosen[1] if chosen else _delimiter(text)
    rest = io.StringIO(text, newline="")
    reader = csv.reader(rest, delimiter=delimiter, strict=True)
    try:
        header = tuple(plain(cell) for cell in next(reader, ()))
    except csv.Error as problem:
        raise _refusal(f"the first line of {name} cannot be read as CSV ({problem})") from None
    while header and not header[-1]:
        header = header[:-1]
    _check_header(header, name)
    return Table(name, header, rest.read(), delimiter, header_lines + reader.line_num)


def plain(cell: str) -> str:
    """A cell without what a spreadsheet program adds: spaces around it, `="007"` for text, an apostrophe in front."""
    trimmed = cell.strip(" \t\r\n\u00a0\u202f\u200b\ufeff")
    wrapped = _TEXT_FORMULA.fullmatch(trimmed)
    if wrapped is not None:
        return wrapped[1].replace('""', '"').strip()
    return _MARKED.sub("", trimmed, count=1) if trimmed.startswith("'") else trimmed


def _decoded(content: bytes, name: str) -> str:
    """The file's text. Bytes that its encoding does not have become `BROKEN`, so that their rows can be named."""
    if content[:2] in UTF_16_MARKS:
        text = content.decode("utf-16", errors="replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            is_utf_8 = _UTF_8_PAIR.search(content) is not None and _is_mostly_utf_8(content)
            text = content.decode("utf-8-sig" if is_utf_8 else WINDOWS, errors="replace")
    if "\x00" in text:
        raise _refusal(f"{name} is no text; save it as CSV, not as a spreadsheet")
    if not text.strip():
        raise _refusal(f"{name} is empty; send the file with its first line, which names the columns")
    return text


def _is_mostly_utf_8(content: bytes) -> bool:
    """Whether broken text is rather UTF-8 with a broken byte than Windows-1252: most of its letters are valid."""
    text = content.decode("utf-8", errors="replace")
    return sum(one > "\x7f" and one != BROKEN for one in text) > text.count(BROKEN)


def _delimiter(text: str) -> str:
    first = _QUOTED.sub("", text.partition("\n")[0])
    return max(DELIMITERS, key=first.count)


def _check_header(header: tuple[str, ...], name: str) -> None:
    if not any(header):
        raise _refusal(f"{name} has no first line that names the columns")
    twice = next((column for column in header if column and header.count(column) > 1), None)
    if twice is not None:
        raise _refusal(f'{name} has the column "{twice}" twice; rename one of them')


def _refusal(message: str) -> InvalidRequest:
    return InvalidRequest(message, code="file_unreadable", param="file")
