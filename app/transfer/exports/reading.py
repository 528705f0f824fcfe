"""Opens an archive that anyone may have changed: nothing of it is believed before its sizes and hashes are checked.

Nothing is unpacked into files, so no name in an archive can lead anywhere. What is read is read piece by piece.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import SEEK_END
from typing import IO, Final, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pydantic import ValidationError

from app.errors import InvalidRequest
from app.runtime import schema_version
from app.transfer.exports import manifest as contents
from app.transfer.exports.manifest import Manifest, Member
from app.transfer.exports.tables import EXPORTED

MOST_BYTES: Final = 100 * 1024**3
"""How large all files of an archive may be together, before compression."""
MOST_EXPANSION: Final = 200
"""How many times as large as the archive its files may be together; real ones are 5 to 20 times as large."""
SMALL_BYTES: Final = 16 * 1024**2
"""Up to this size the files may be any times as large."""
LONGEST_LINE: Final = 64 * 1024**2
PIECE_BYTES: Final = 1024**2
ENCRYPTED: Final = 0x1
UNREADABLE: Final = (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
"""What the library raises for a file that is no zip file, or a damaged one."""


class Archive:
    """An archive whose manifest, sizes and hashes were checked."""

    def __init__(self, file: ZipFile, manifest: Manifest) -> None:
        self._file = file
        self.manifest = manifest

    @classmethod
    @contextmanager
    def opened(cls, source: IO[bytes]) -> Iterator[Self]:
        """Open and check the archive in `source`, a file that can be read at any place.

        Raises:
            InvalidRequest: `archive_refused`: it is no archive of this schema, or was changed.
        """
        with _refusing():
            file = ZipFile(source)
        with file:
            with _refusing():
                manifest = _read_manifest(file)
                _check_sizes(file, manifest, _size(source))
                for member in _members(manifest):
                    _check_hash(file, member)
            yield cls(file, manifest)

    def lines(self, member: Member) -> Iterator[bytes]:
        """The lines of a file of the archive, without their ends. Raises InvalidRequest for a line without an end."""
        with self._file.open(member.name) as file:
            while line := file.readline(LONGEST_LINE):
                if not line.endswith(b"\n"):
                    raise refused(f"{member.name} has a line without an end, or one of over 64 MiB")
                yield line[:-1]


def refused(reason: str) -> InvalidRequest:
    """The refusal of an archive; nothing was changed."""
    message = f"the archive is refused, and nothing was changed: {reason}"
    return InvalidRequest(message, code="archive_refused", param="file")


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except UNREADABLE as problem:
        raise refused(f"it is no complete zip file, or a part of it is damaged ({problem})") from None


def _read_manifest(file: ZipFile) -> Manifest:
    found = [entry for entry in file.infolist() if entry.filename == contents.NAME]
    if len(found) != 1:
        raise refused(f"it has {len(found)} files called {contents.NAME}; an export of Accrual has one")
    with file.open(found[0]) as opened:
        body = opened.read(contents.MOST_BYTES + 1)
    if len(body) > contents.MOST_BYTES:
        raise refused(f"its {contents.NAME} is larger than {contents.MOST_BYTES:,} bytes")
    try:
        manifest = Manifest.model_validate_json(body)
    except ValidationError as invalid:
        first = invalid.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        raise refused(f"its {contents.NAME} is wrong at {place}: {first['msg']}") from None
    if manifest.schema_revision != schema_version.newest():
        raise refused(
            f"it was made by Accrual {manifest.accrual_version} with the schema {manifest.schema_revision}, and this "
            f"installation has {schema_version.newest()}; import it with the version it was made by, then upgrade"
        )
    return manifest


def _members(manifest: Manifest) -> list[Member]:
    return [member for table in manifest.tables for member in (table.json_lines, table.csv)]


def _check_sizes(file: ZipFile, manifest: Manifest, archive_bytes: int) -> None:
    """Compare the archive's list of files with the manifest, before anything of them is unpacked."""
    names = [table.name for table in manifest.tables]
    if names != list(EXPORTED):
        raise refused(f"its {contents.NAME} does not list the tables of an export, each once and in their order")
    for table in manifest.tables:
        if (table.json_lines.name, table.csv.name) != (contents.json_name(table.name), contents.csv_name(table.name)):
            raise refused(f"its {contents.NAME} names other files for {table.name} than an export has")
    expected = {member.name: member.bytes for member in _members(manifest)}
    entries = [entry for entry in file.infolist() if entry.filename != contents.NAME]
    for entry in entries:
        _check_entry(entry, expected.pop(entry.filename, None))
    if expected:
        raise refused(f"{min(expected)} is in its {contents.NAME} and not in the archive")
    total = sum(member.bytes for member in _members(manifest))
    if total > MOST_BYTES or total > max(SMALL_BYTES, MOST_EXPANSION * archive_bytes):
        raise refused(f"its files are {total:,} bytes, too many for an archive of {archive_bytes:,} bytes")


def _check_entry(entry: ZipInfo, expected_bytes: int | None) -> None:
    shown = entry.filename[:80]
    if expected_bytes is None:
        raise refused(f"it has a file {shown!r} that its {contents.NAME} does not name, or has it twice")
    if entry.flag_bits & ENCRYPTED or entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise refused(f"{shown!r} is encrypted or compressed in a way that exports do not use")
    if entry.file_size != expected_bytes:
        raise refused(f"{shown!r} has {entry.file_size:,} bytes, and its {contents.NAME} says {expected_bytes:,}")


def _check_hash(file: ZipFile, member: Member) -> None:
    digest, size = sha256(), 0
    with file.open(member.name) as opened:
        while piece := opened.read(PIECE_BYTES):
            size += len(piece)
            digest.update(piece)
    if size != member.bytes or digest.hexdigest() != member.sha256:
        raise refused(f"{member.name} is not what was exported: its SHA-256 differs from that in {contents.NAME}")


def _size(source: IO[bytes]) -> int:
    source.seek(0, SEEK_END)
    return source.tell()
