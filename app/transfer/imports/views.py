"""Views of imports, in snake_case."""

from collections.abc import Sequence
from typing import Any, Final

from pydantic import Field
from sqlalchemy.orm import Session

from app import ids
from app.paging import HasMore
from app.sentences import imports as sentences
from app.sentences import problems
from app.sentences.imports import ImportStatus
from app.transfer.imports import queries
from app.transfer.imports.models import Import, ImportFile, ImportRefusal
from app.transfer.imports.reading.fields import Tool
from app.transfer.imports.working.context import changed
from app.views import Instant, Snake

REFUSALS_SHOWN: Final = 100


class ImportFileBody(Snake):
    """A file of an import. Its content is deleted when the import has ended."""

    name: str = Field(examples=["affiliates.csv"])
    contents: str = Field(
        description="What its rows are: affiliates, customers, commissions, joined by +.", examples=["affiliates"]
    )
    rows: int
    rows_done: int
    sha256: str
    unread_columns: list[str] = Field(description="Columns that are not read; map those that you need.")


class ImportCounts(Snake):
    """What became of rows of one kind."""

    created: int
    completed: int = Field(description="Known before, and given a code, an address or an id that was missing.")
    unchanged: int


class OpenedBalance(Snake):
    """The sum of the opening balances that were recorded in a currency."""

    currency: str
    amount_cents: int


class ImportRefusalBody(Snake):
    """A row, or a part of it, that was not imported."""

    number: int = Field(description="Its place in the list: `starting_after` takes it.")
    file: str = Field(examples=["affiliates.csv"])
    line: int = Field(description="The line of the file on which the row begins; the first line names the columns.")
    kind: str = Field(
        description="`refused`: put it right and import again; `left_out`: there is nothing to import.",
        examples=["refused"],
    )
    reason: str = Field(examples=["date_ambiguous"])
    column: str | None = Field(description="The column that the reason is about.", examples=["Created At"])
    sentence: str


class ImportBody(Snake):
    """An import."""

    id: str = Field(examples=["imp_01h455vb4pex5vsknk084sn02q"])
    tool: Tool
    program_id: str
    livemode: bool
    dry_run: bool = Field(description="Whether everything is rolled back but this report.")
    cutoff_at: Instant | None
    status: ImportStatus
    sentence: str = Field(examples=["12 rows were imported."])
    progress_percent: int
    rows: int
    rows_done: int
    files: list[ImportFileBody]
    affiliates: ImportCounts
    customers: ImportCounts
    balances: ImportCounts
    opened: list[OpenedBalance]
    refused: int = Field(description="Rows and parts of rows that were refused.")
    left_out: dict[str, int] = Field(
        description="How many rows are nothing to import, by reason.", examples=[{"paid": 40}]
    )
    created_at: Instant
    finished_at: Instant | None


class ImportWithRefusals(ImportBody):
    """An import with the first rows that were not imported."""

    refusals: list[ImportRefusalBody]
    has_more_refusals: bool = Field(description="Whether `…/refusals` lists more.")


class ImportData(Snake):
    """One import."""

    data: ImportWithRefusals


class ImportPage(Snake):
    """A page of imports."""

    data: list[ImportBody]
    has_more: HasMore


class ImportRefusalPage(Snake):
    """A page of rows that were not imported, in the order of the files."""

    data: list[ImportRefusalBody]
    has_more: bool = Field(description="Whether more follow; request them with the last `number` as starting_after.")


def load_import(session: Session, job: Import) -> ImportWithRefusals:
    """An import with the first rows that were not imported."""
    files = queries.load_files(session, [job.id])[job.id]
    page = queries.list_refusals(session, job, limit=REFUSALS_SHOWN)
    refusals = [_refusal(row, files) for row in page.rows]
    return ImportWithRefusals(**_fields(job, files), refusals=refusals, has_more_refusals=page.has_more)


def load_imports(session: Session, jobs: Sequence[Import]) -> list[ImportBody]:
    """Imports for a list."""
    files = queries.load_files(session, [job.id for job in jobs])
    return [ImportBody(**_fields(job, files[job.id])) for job in jobs]


def load_refusals(session: Session, job: Import, rows: Sequence[ImportRefusal]) -> list[ImportRefusalBody]:
    """Rows that were not imported, with their sentences."""
    files = queries.load_files(session, [job.id])[job.id]
    return [_refusal(row, files) for row in rows]


def _fields(job: Import, files: Sequence[ImportFile]) -> dict[str, Any]:
    counts = job.counts
    refused = counts.get("refused", 0)
    opened = sorted(counts.get("opened_minor", {}).items())
    return {
        "id": ids.encode(ids.IMPORT, job.id),
        "tool": job.tool,
        "program_id": ids.encode(ids.PROGRAM, job.program_id),
        "livemode": job.livemode,
        "dry_run": job.dry_run,
        "cutoff_at": job.cutoff_at,
        "status": job.status,
        "sentence": _sentence(job, refused),
        "progress_percent": 100 * job.rows_done // job.rows,
        "rows": job.rows,
        "rows_done": job.rows_done,
        "files": [_file(file) for file in files],
        "affiliates": _counts(counts.get("affiliates", {})),
        "customers": _counts(counts.get("customers", {})),
        "balances": _counts(counts.get("balances", {})),
        "opened": [OpenedBalance(currency=currency, amount_cents=minor) for currency, minor in opened],
        "refused": refused,
        "left_out": counts.get("left_out", {}),
        "created_at": job.created_at,
        "finished_at": job.finished_at,
    }


def _sentence(job: Import, refused: int) -> str:
    done = sentences.summary(
        job.status, dry_run=job.dry_run, rows=job.rows, changed=changed(job.counts), refused=refused
    )
    problem = problems.sentence(job.problem)
    return f"{done} {problem}" if problem else done


def _counts(found: dict[str, int]) -> ImportCounts:
    return ImportCounts(
        created=found.get("created", 0), completed=found.get("completed", 0), unchanged=found.get("unchanged", 0)
    )


def _file(file: ImportFile) -> ImportFileBody:
    return ImportFileBody(
        name=file.name,
        contents=file.contents,
        rows=file.rows,
        rows_done=file.rows_done,
        sha256=file.sha256,
        unread_columns=file.unread,
    )


def _refusal(row: ImportRefusal, files: Sequence[ImportFile]) -> ImportRefusalBody:
    is_refused = row.kind == "refused"
    return ImportRefusalBody(
        number=row.id,
        file=files[row.file - 1].name,
        line=row.line,
        kind=row.kind,
        reason=row.reason,
        column=row.details.get("column"),
        sentence=sentences.refusal(row.reason, row.details) if is_refused else sentences.left_out(row.reason),
    )
