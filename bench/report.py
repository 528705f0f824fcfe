"""Reports the figures as a table and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.figures import Figure

RESULTS: Final = Path(__file__).with_name("results.json")
DECIMALS_BELOW: Final = 10
"""Smaller values are shown with two decimals."""
VERDICTS: Final = {True: "[green]met[/green]", False: "[red]not met[/red]", None: ""}


def show(figures: Sequence[Figure]) -> None:
    """Print every figure with its baseline and its aim."""
    table = Table("what")
    for heading in ("value", "baseline", "ratio", "aim"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for figure in figures:
        table.add_row(
            figure.name,
            _amount(figure.value, figure.unit),
            _amount(figure.baseline, figure.unit),
            f"{figure.ratio:.2f} ×" if figure.ratio is not None else "",
            figure.aim,
            VERDICTS[figure.met],
        )
    Console().print(table)


def write(figures: Sequence[Figure]) -> None:
    """Write the figures to `bench/results.json`."""
    RESULTS.write_text(json.dumps([asdict(figure) for figure in figures], indent=2, ensure_ascii=False) + "\n")


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value:,.{2 if value < DECIMALS_BELOW else 0}f} {unit}"
