"""Request models for imports: paths, queries and the form."""

from typing import Annotated, Final

from pydantic import Field

from app.http.bodies import UploadedFile
from app.paging import After
from app.transfer.imports.reading.fields import Tool
from app.transfer.imports.reading.inspecting import MOST_FILES
from app.views import Moment, OneLine, Request

LONGEST_MAP: Final = 300


class ImportQuery(Request):
    """Which page."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None


class ImportPath(Request):
    """Which import."""

    import_id: str = Field(description="An import's id, `imp_…`.")


class RefusalQuery(Request):
    """Which page."""

    limit: int = Field(default=100, ge=1, le=1000)
    starting_after: str | None = Field(
        default=None, max_length=20, description="The `number` of the last row you have."
    )


class ImportForm(Request):
    """The lists of another affiliate system, and how they are imported."""

    tool: Tool = Field(description="The system that wrote the files; `csv`: the columns have the names of our fields.")
    file: list[UploadedFile] = Field(
        min_length=1, max_length=MOST_FILES, description="CSV lists, repeated for several; at most 20 MB together."
    )
    program_id: str | None = Field(default=None, description="Left out: the default program.")
    cutoff_at: Moment | None = Field(
        default=None,
        description="Payments from then on earn here; what was earned before it comes from the files. Required with "
        "customers and commissions, unless the program has one.",
    )
    dry_run: bool = Field(default=False, description="Only report what would be done; nothing is changed.")
    leave_pending: bool = Field(
        default=False, description="Leave commissions out that the other system has not released yet."
    )
    map: list[Annotated[str, Field(max_length=LONGEST_MAP), OneLine(filled=True)]] = Field(
        default=[],
        description="What a column is: `COLUMN=FIELD` or `COLUMN=FIELD:FORMAT`, repeated for several.",
        examples=[["Joined=referred_at:day-first"]],
    )
