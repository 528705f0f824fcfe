"""Files that a client saves: its name and hash are in the headers. Archives are read and sent part by part."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import UUID

from flask import Response, stream_with_context

from app.http import csv_lists, errors
from app.organizations import access
from app.organizations.permissions import Caller
from app.payouts.files.downloads import Downloaded
from app.transfer.exports.stored import commands as exports


def respond(file: Downloaded) -> Response:
    """A file of payouts."""
    return Response(file.content, content_type=file.content_type, headers=_headers(file.name, file.sha256))


def respond_with_archive(caller: Caller, export_id: str) -> Response:
    """The file of an export that is ready; adds an audit entry.

    Raises:
        NotFound, Conflict, Gone: as `get_export` and `begin_download` of the exports.
        Unavailable: as `csv_lists.take_slot`.
    """
    with access.transaction(caller) as session:
        export = exports.get_export(session, caller.organization_ids, export_id)
        count = exports.begin_download(session, caller, export)
        assert export.sha256 is not None
        headers = {
            **_headers(f"{export_id}.zip", export.sha256),
            "Content-Type": "application/zip",
            "Content-Length": str(export.bytes),
        }
        parts = _archive(caller, export.id, count)
    with ExitStack() as resources:
        csv_lists.take_slot(resources)
        response = Response(stream_with_context(_whole(parts)), headers=headers)
        response.call_on_close(resources.pop_all().close)
        return response


def _headers(name: str, sha256: str) -> dict[str, str]:
    """Headers by which a client saves a file under its name and can check it."""
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(sha256)).decode()}:",
        "Cache-Control": "no-store",
    }


def _archive(caller: Caller, export_id: UUID, count: int) -> Iterator[bytes]:
    """Each part is read in a transaction of its own, so that a slow client keeps none open."""
    for number in range(count):
        with access.transaction(caller) as session:
            part = exports.load_part(session, export_id, number)
        yield part


def _whole(parts: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from parts
    except Exception as failure:  # noqa: BLE001  (any failure is logged and ends the file, which is too short then)
        errors.log_failure(failure)
        raise csv_lists.Interrupted from None
