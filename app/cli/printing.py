"""Output of commands: tables for people, or JSON on standard output for programs.

No other module of the command line writes to the terminal, so all text from users passes `visible` here.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console, JustifyMethod
    from rich.table import Table

WIDE: Final = 200  # the width without a terminal, so that no cell is folded
NEVER_FOLDED: Final = 40
_CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters except line ends, and characters that reverse the direction of text."""
WHOLE_BPS: Final = 10_000


def values(body: BaseModel, *, as_json: bool) -> dict[str, Any]:
    """The fields of a view for `listing` and `record`: as the API writes them for JSON, else with times for people."""
    return body.model_dump(mode="json" if as_json else "python")


def listing(rows: Sequence[Mapping[str, Any]], *, as_json: bool = False) -> None:
    """Print `rows`, which share their keys, as a table with these columns or as a JSON list."""
    if as_json:
        as_document(rows)
    elif not rows:
        say("none")
    else:
        _console().print(_table(rows))


def record(values: Mapping[str, Any], *, as_json: bool = False) -> None:
    """Print a record: a line for each value (unfolded, so that it can be copied), or a JSON object.

    Further lines of a text are indented.
    """
    if as_json:
        as_document(values)
        return
    from rich.markup import escape

    width = max(len(name) for name in values)
    for name, value in values.items():
        label = name.replace("_", " ").ljust(width)
        _console().print(f"[bold]{escape(visible(label))}[/bold]  ", end="")
        say(cell(value).replace("\n", "\n" + " " * (width + 2)))


def as_document(value: Any) -> None:
    """Print `value` as JSON."""
    print(visible(json.dumps(value, indent=2, default=_plain, ensure_ascii=False)))  # noqa: T201 - rich would wrap it


def as_text(text: str) -> None:
    """Print text of several lines, such as CSV, as it is."""
    print("\n".join(map(visible, text.splitlines())))  # noqa: T201 - rich would wrap it


def say(text: str, *, is_bold: bool = False) -> None:
    """Print a sentence without folding or markup."""
    _console().print(visible(text), style="bold" if is_bold else None, markup=False, soft_wrap=True)


def warn(text: str) -> None:
    """Print a warning on standard error, so that programs that read the output do not get it."""
    print_error_line(f"warning: {text}", style="yellow")


def print_error(text: str) -> None:
    """Print on standard error why a command failed."""
    print_error_line(text.strip(), style="red")


def print_error_line(text: str, *, style: str | None = None) -> None:
    """Print a sentence on standard error."""
    _error_console().print(visible(text), style=style, markup=False, soft_wrap=True)


class Bar:
    """A progress bar on standard error inside a `with` block: the step, the progress and the result so far."""

    def __enter__(self) -> Self:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[result]}", markup=False),
        )
        self._progress = Progress(*columns, console=_error_console(), transient=False)
        self._progress.start()
        self._task = self._progress.add_task("", total=WHOLE_BPS, result="")
        return self

    def __exit__(self, *_raised: object) -> None:
        self._progress.stop()

    def show(self, doing: str, completed_bps: int, result: str) -> None:
        """Update the bar; the progress is in basis points."""
        self._progress.update(
            self._task, completed=completed_bps, description=visible(doing), result=visible(result), refresh=True
        )


@cache
def _console() -> Console:
    """Standard output."""
    from rich.console import Console

    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else WIDE)


@cache
def _error_console() -> Console:
    """Standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False)


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """`rows` as a table; numbers are right-aligned, and if the terminal is narrow only long texts are folded."""
    from rich.markup import escape
    from rich.table import Table

    made = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, value in rows[0].items():
        is_number = isinstance(value, int) and not isinstance(value, bool)
        is_short = all(len(cell(row[name])) <= NEVER_FOLDED for row in rows)
        heading = escape(cell(name.replace("_", " ")))
        side: JustifyMethod = "right" if is_number else "left"
        made.add_column(heading, justify=side, overflow="fold", no_wrap=is_short)
    for row in rows:
        made.add_row(*(escape(cell(value)) for value in row.values()))
    return made


def cell(value: Any) -> str:
    """The text of a value in a table."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        from app import times
        from app.sentences import catalogue

        return times.format_for_table(value, catalogue.current().language)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return visible(", ".join(f"{name}: {cell(field)}" for name, field in value.items())) or "-"
    if isinstance(value, list | tuple):
        return visible(", ".join(map(str, value))) or "-"
    return visible(str(value))


def visible(text: str) -> str:
    r"""`text` with control characters escaped, `\x1b`, so that text from other people cannot control the terminal."""
    return _CONTROL_CHARACTERS.sub(lambda match: ascii(match[0])[1:-1], text)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value)
