"""Listings for people (a table) and for programs (JSON on standard output, nothing else)."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

console = Console(highlight=False)


def listing(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print `rows`, which share their keys, as a table with these columns or as a JSON list."""
    if as_json:
        as_document(rows)
    elif not rows:
        console.print("none")
    else:
        console.print(table(rows))


def as_document(value: Any) -> None:
    """Print `value` as JSON."""
    print(json.dumps(value, indent=2, default=str, ensure_ascii=False))  # noqa: T201 - rich would wrap it


def table(rows: Sequence[Mapping[str, Any]], *, title: str | None = None) -> Table:
    """`rows` as a table; numbers stand to the right."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    for name, value in rows[0].items():
        is_number = isinstance(value, int) and not isinstance(value, bool)
        made.add_column(name.replace("_", " "), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        made.add_row(*(_cell(value) for value in row.values()))
    return made


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return str(value)
