"""The job of an import: works through its files in batches, each in one transaction, so that a killed job continues.

A dry run is one batch that is rolled back to its beginning; only its report is kept.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session, aliased

from app import backoff, bulk, db
from app.programs import cutoffs
from app.programs.models import Program
from app.transfer.imports import contents
from app.transfer.imports.models import Import, ImportFile, ImportRefusal
from app.transfer.imports.reading.refusals import RowRefused
from app.transfer.imports.reading.rows import Reader
from app.transfer.imports.reading.tables import Line
from app.transfer.imports.working import lines
from app.transfer.imports.working.context import Context, Note, Tally

ROWS_AT_ONCE: Final = 100
MOST_FAILURES: Final = 12
FIRST_BACKOFF_SECONDS: Final = 5
LONGEST_BACKOFF_SECONDS: Final = 600

_EARLIER = aliased(Import)
# The imports of a program are worked on one after another: two at once would enroll the same affiliates, and the one
# that comes second would be refused what is in their rows beside them.
_IS_DUE: Final = (
    Import.status == "queued",
    Import.due_at <= text("now()"),
    ~exists().where(_EARLIER.status == "queued", _EARLIER.program_id == Import.program_id, _EARLIER.id < Import.id),
)
# An import whose row another transaction has locked is left for the next time.
_NEXT: Final = (
    select(Import)
    .where(*_IS_DUE)
    .order_by(Import.due_at, Import.id)
    .limit(1)
    .with_for_update(skip_locked=True, of=Import)
    .execution_options(populate_existing=True)
)


class OpenFile:
    """The file that a process is working on, so that a batch does not decrypt it again."""

    def __init__(self) -> None:
        self._file_id: UUID | None = None
        self._read = 0
        self._reader: Reader | None = None
        self._rest: Iterator[Line] = iter(())

    def next_lines(self, context: Context, file: ImportFile, most: int) -> tuple[Reader, list[Line]]:
        """The next rows of a file after those that are done, at most so many, and what reads them."""
        if self._reader is None or self._file_id != file.id or self._read != file.rows_done:
            self._reader, self._rest = contents.open_file(context.session, context.job, file, context.program)
        found = list(islice(self._rest, most))
        self._file_id, self._read = file.id, file.rows_done + len(found)
        return self._reader, found


def is_due(session: Session) -> bool:
    """Whether an import waits for its job."""
    return session.scalar(select(Import.id).where(*_IS_DUE).limit(1)) is not None


def claim(session: Session) -> Import | None:
    """The next import that is due, locked until the transaction ends; None if there is none."""
    return session.scalars(_NEXT).one_or_none()


_POSTPONE: Final = text("""
    UPDATE imports SET failures = failures + 1, problem = CAST(:problem AS jsonb),
        due_at = now() + make_interval(secs => :wait_seconds),
        status = CASE WHEN failures + 1 >= :most THEN 'failed' ELSE 'queued' END,
        finished_at = CASE WHEN failures + 1 >= :most THEN now() END
    WHERE id = :id AND finished_at IS NULL
    RETURNING status
""")


def postpone(session: Session, import_id: UUID, problem: dict[str, Any]) -> None:
    """Make an import whose batch failed due again after a wait that grows; after `MOST_FAILURES` it has failed."""
    failures = session.scalar(select(Import.failures).where(Import.id == import_id)) or 0
    wait = backoff.seconds(failures + 1, first=FIRST_BACKOFF_SECONDS, longest=LONGEST_BACKOFF_SECONDS)
    values = {"id": import_id, "problem": bulk.encode_one(problem), "wait_seconds": wait, "most": MOST_FAILURES}
    if session.scalar(_POSTPONE, values) == "failed":
        contents.delete(session, import_id)


def work_batch(session: Session, job: Import, opened: OpenFile, *, rows: int = ROWS_AT_ONCE) -> None:
    """Work on the next rows of a claimed import; after the last one end it.

    Effects: one transaction. Inserts partners, codes, sign-ups, histories and opening balances with their audit
    entries, and notes of what was not imported; deletes the contents of the files at the end. A dry run does all its
    rows and keeps the notes only.
    """
    files = contents.load_unfinished(session, job.id)
    tally = Tally()
    if job.dry_run:
        with db.rolled_back(session):
            _work(session, job, opened, [(file, file.rows) for file in files], tally)
        worked = files
    else:
        worked = files[:1]
        done = _work(session, job, opened, [(file, rows) for file in worked], tally)
    for file in worked:
        advanced = file.rows - file.rows_done if job.dry_run else done
        file.rows_done += advanced
        job.rows_done += advanced
    job.counts, job.failures, job.problem = tally.added_to(job.counts), 0, None
    bulk.insert(session, ImportRefusal, [_note_row(job, note) for note in tally.notes])
    if job.rows_done >= job.rows:
        job.status, job.finished_at = "finished", datetime.now(UTC)
        contents.delete(session, job.id)
    session.flush()


def _work(
    session: Session, job: Import, opened: OpenFile, portions: Iterable[tuple[ImportFile, int]], tally: Tally
) -> int:
    """Apply so many of the next rows of each file; returns how many."""
    program = session.get_one(Program, job.program_id)
    cutoff_at = job.cutoff_at or cutoffs.of(program, livemode=job.livemode)
    context = Context.of(session, job, program, cutoff_at, datetime.now(UTC))
    count = 0
    for file, most in portions:
        tally.file = file.position
        reader, found = opened.next_lines(context, file, most)
        for line in found:
            lines.apply(context, reader, line, tally)
        count += len(found)
    return count


def _note_row(job: Import, note: Note) -> dict[str, Any]:
    details: dict[str, Any] = {"column": note.column}
    if isinstance(note.why, RowRefused):
        kind, reason = "refused", str(note.why.code)
        details |= {"value": note.why.value, **note.why.more}
    else:
        kind, reason = "left_out", str(note.why.reason)
    return {
        "import_id": job.id,
        "organization_id": job.organization_id,
        "livemode": job.livemode,
        "file": note.file,
        "line": note.line,
        "kind": kind,
        "reason": reason,
        "details": {name: value for name, value in details.items() if value is not None},
    }
