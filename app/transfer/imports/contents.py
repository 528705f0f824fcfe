"""The contents of an import's files: sealed until the import has ended, then deleted."""

from collections.abc import Iterator, Sequence
from typing import Final, cast
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session, defer

from app import sealing
from app.programs.models import Program
from app.transfer.imports.models import Import, ImportFile
from app.transfer.imports.reading import fields, layouts, tables
from app.transfer.imports.reading.amounts import AmountUnit
from app.transfer.imports.reading.fields import Tool
from app.transfer.imports.reading.rows import Reader
from app.transfer.imports.reading.tables import Line

ENCODING: Final = "latin-1"
"""Any bytes as text, for sealing."""


def seal(content: bytes) -> str:
    """The content of a file, encrypted."""
    return sealing.seal(content.decode(ENCODING), sealing.of_process())


def load_unfinished(session: Session, import_id: UUID) -> Sequence[ImportFile]:
    """The files that have rows to work on, in their order, without their contents."""
    waiting = select(ImportFile).where(ImportFile.import_id == import_id, ImportFile.rows_done < ImportFile.rows)
    unread = waiting.order_by(ImportFile.position).options(defer(ImportFile.content_encrypted))
    return session.scalars(unread.execution_options(populate_existing=True)).all()


def open_file(session: Session, job: Import, file: ImportFile, program: Program) -> tuple[Reader, Iterator[Line]]:
    """What reads a file's rows, and the rows after those that are done.

    Raises:
        ConfigurationError: it was encrypted with a secret key that is not configured.
    """
    sealed = session.scalars(select(ImportFile.content_encrypted).where(ImportFile.id == file.id)).one()
    content = sealing.unseal(sealed or "", sealing.of_process()).encode(ENCODING)
    table = tables.read_table(content, file.name)
    layout = layouts.recognize(cast("Tool", job.tool), table.header, fields.stored(job.columns), file.name)
    reader = Reader(layout, currency=program.currency, unit=cast("AmountUnit | None", file.unit))
    return reader, table.lines(file.rows_done)


def delete(session: Session, import_id: UUID) -> None:
    """Delete the contents of an import's files."""
    session.execute(update(ImportFile).where(ImportFile.import_id == import_id).values(content_encrypted=None))
