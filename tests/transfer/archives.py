"""Makes archives, takes them apart, and changes them as somebody might who wants them to be believed."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import Any, Final
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from app import db
from app.transfer.exports import commands, writing

NOW: Final = datetime(2026, 11, 29, 12, tzinfo=UTC)
MANIFEST: Final = "manifest.json"
Files = dict[str, bytes]


def exported(
    organization_id: UUID | None = None, *, livemode: bool | None = None, passphrase: str | None = None
) -> bytes:
    """An archive of an organization, or of all."""
    target = BytesIO()
    with db.transaction() as session:
        writing.read_once(session)
        if organization_id is None:
            plan = commands.of_installation(session, livemode=livemode, passphrase=passphrase, at=NOW)
        else:
            plan = commands.of_organization(session, organization_id, livemode=livemode, passphrase=passphrase, at=NOW)
        writing.write(session, target, plan)
    return target.getvalue()


def files_of(archive: bytes) -> Files:
    with ZipFile(BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(files: Mapping[str, bytes]) -> bytes:
    target = BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def rows_of(archive: bytes, table: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files_of(archive)[f"json/{table}.jsonl"].splitlines()]


def with_rows(archive: bytes, table: str, rows: list[dict[str, Any]]) -> bytes:
    """The archive with other rows of a table, and a manifest that agrees with them."""
    files = files_of(archive)
    content = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    files[f"json/{table}.jsonl"] = content
    manifest = json.loads(files[MANIFEST])
    (found,) = [each for each in manifest["tables"] if each["name"] == table]
    found["rows"] = len(rows)
    found["json_lines"] |= {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    return packed({**files, MANIFEST: json.dumps(manifest).encode()})


def with_manifest(archive: bytes, **changes: Any) -> bytes:
    files = files_of(archive)
    manifest = {**json.loads(files[MANIFEST]), **changes}
    return packed({**files, MANIFEST: json.dumps(manifest).encode()})
