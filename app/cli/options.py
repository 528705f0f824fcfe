"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Where Accrual keeps its settings and embedded databases. "
        "Default: ACCRUAL_DATA_DIR, else .accrual in this directory.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
OrganizationName = Annotated[
    str | None,
    typer.Option(
        "--organization",
        help="The organization, by name or id. Required only if there are several.",
        show_default=False,
    ),
]
ProgramId = Annotated[
    str | None,
    typer.Option("--program", help="Which program, prog_…. Needed only where several are meant.", show_default=False),
]
