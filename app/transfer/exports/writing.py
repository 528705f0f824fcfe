"""Writes an archive: a zip file with the JSON lines and the CSV of each table, and the manifest at its end."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import IO, Final
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import csv_text, ids, sealing
from app.immutable import immutable
from app.runtime import schema_version
from app.transfer.exports import manifest as contents
from app.transfer.exports import rows
from app.transfer.exports.manifest import Manifest, Member, TableMembers
from app.transfer.exports.passphrases import PassphraseKey
from app.transfer.exports.rows import Column, Scope
from app.transfer.exports.tables import EXPORTED, NOT_EXPORTED
from app.version import VERSION

PRIVATE: Final = 0o600 << 16
"""The mode of the unpacked files: readable by their owner only."""
EARLIEST_ZIP_YEAR: Final = 1980
Watch = Callable[[int], None]
"""Is called after each table, with the progress in basis points."""


@immutable
class ExportPlan:
    """What to export.

    Attributes:
        roots: the merchants, without those below them, as the manifest names them.
        scope: whose rows.
        passphrase: of the payout destinations; None: they are left out.
        made_at: the present time.
    """

    roots: tuple[UUID, ...]
    scope: Scope
    passphrase: str | None
    made_at: datetime


def read_once(session: Session) -> None:
    """Let a new transaction read one state of the database throughout."""
    session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))


def write(session: Session, target: IO[bytes], plan: ExportPlan, watch: Watch = lambda _bps: None) -> Manifest:
    """Write an archive to `target`, which need not be seekable, and return its manifest.

    Args:
        session: a transaction of `read_once`.
        target: what the archive is written to.
        plan: what to export.
        watch: called with the progress.

    Raises:
        InvalidRequest: the passphrase is too short.
        ConfigurationError: a payout destination cannot be decrypted with any secret key.
    """
    key = PassphraseKey(plan.passphrase) if plan.passphrase else None
    columns = rows.load_columns(session)
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        tables = []
        for number, table in enumerate(EXPORTED, start=1):
            tables.append(_write_table(session, archive, table, columns[table], plan, key))
            watch(number * 10_000 // len(EXPORTED))
        manifest = _manifest(plan, key, tables)
        with archive.open(_entry(contents.NAME, plan.made_at), "w") as file:
            file.write(manifest.model_dump_json(indent=2).encode())
    return manifest


def _manifest(plan: ExportPlan, key: PassphraseKey | None, tables: Sequence[TableMembers]) -> Manifest:
    return Manifest(
        format=contents.FORMAT,
        accrual_version=VERSION,
        schema_revision=schema_version.newest(),
        made_at=plan.made_at.isoformat(),
        organizations=tuple(ids.encode(ids.ORGANIZATION, root) for root in plan.roots),
        livemode=plan.scope.livemode,
        passphrase=key and contents.Passphrase(salt=key.salt.hex(), check=key.check_text()),
        tables=tuple(tables),
        not_exported=dict(NOT_EXPORTED),
    )


def _write_table(
    session: Session,
    archive: ZipFile,
    table: str,
    columns: Sequence[Column],
    plan: ExportPlan,
    key: PassphraseKey | None,
) -> TableMembers:
    """The table is read twice, in the same order, because a zip file is written one file after another."""

    def read() -> Iterator[bytes]:
        return rows.stream(session, table, columns, plan.scope, is_sealed=key is not None)

    named = rows.exported_columns(table, columns)
    count = 0

    def json_lines() -> Iterator[bytes]:
        nonlocal count
        for line in read():
            count += 1
            yield (_resealed(line, table, key) if key and EXPORTED[table].sealed else line) + b"\n"

    as_json = _write_member(archive, contents.json_name(table), json_lines(), plan.made_at)
    as_csv = _write_member(archive, contents.csv_name(table), _csv_lines(table, named, read()), plan.made_at)
    return TableMembers(name=table, rows=count, columns=named, json_lines=as_json, csv=as_csv)


def _resealed(line: bytes, table: str, key: PassphraseKey) -> bytes:
    """The row with its sealed columns sealed by the passphrase instead of this installation's secret key."""
    row = orjson.loads(line)
    for name in EXPORTED[table].sealed:
        if row[name] is not None:
            row[name] = key.seal(sealing.unseal(row[name], sealing.of_process()))
    return orjson.dumps(row)


def _csv_lines(table: str, columns: Sequence[str], lines: Iterator[bytes]) -> Iterator[bytes]:
    rules = EXPORTED[table]
    shown = [name for name in columns if name not in rules.not_in_csv and name not in rules.sealed]
    yield csv_text.lines([shown]).encode()
    for line in lines:
        row = orjson.loads(line)
        yield csv_text.lines([[_cell(row[name]) for name in shown]]).encode()


def _cell(value: object) -> csv_text.Cell:
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    assert value is None or isinstance(value, str | int | float | bool)
    return value


def _write_member(archive: ZipFile, name: str, pieces: Iterator[bytes], made_at: datetime) -> Member:
    size, digest = 0, sha256()
    with archive.open(_entry(name, made_at), "w", force_zip64=True) as file:
        for piece in pieces:
            file.write(piece)
            size += len(piece)
            digest.update(piece)
    return Member(name=name, bytes=size, sha256=digest.hexdigest())


def _entry(name: str, made_at: datetime) -> ZipInfo:
    entry = ZipInfo(name, (max(made_at.year, EARLIEST_ZIP_YEAR), *made_at.timetuple()[1:6]))
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = PRIVATE
    return entry
