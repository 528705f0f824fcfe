"""Restores an archive on an empty installation, in one transaction: everything of it, or nothing."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

import orjson
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import ids
from app.config import Settings
from app.errors import Conflict
from app.integrity import verify
from app.organizations import audit
from app.organizations.actors import Actor
from app.payouts.connect import restored as restored_payouts
from app.transfer.exports import rows
from app.transfer.exports.manifest import Manifest, TableMembers
from app.transfer.exports.passphrases import PassphraseKey
from app.transfer.exports.reading import Archive, refused
from app.transfer.exports.restored_rows import Restoration, added_columns, is_changed, restored
from app.transfer.exports.rows import Column
from app.transfer.exports.tables import EXPORTED, NOT_EXPORTED

BATCH_BYTES: Final = 1024**2
BATCH_ROWS: Final = 5_000
Watch = Callable[[str, int], None]
"""Is called before each step with its name and the progress in basis points."""
Row = dict[str, Any]

_TRANSACTION_ID: Final = text("SELECT pg_current_xact_id()::text")
_LOCK: Final = text("LOCK TABLE organizations IN EXCLUSIVE MODE")


def restore(
    session: Session,
    actor: Actor,
    archive: Archive,
    settings: Settings,
    *,
    at: datetime,
    passphrase: str | None = None,
    watch: Watch = lambda _step, _bps: None,
) -> Manifest:
    """Restore a checked archive; ids, times and amounts are the same as before.

    Incoming webhook endpoints have no secrets afterwards. Outbound ones have new secrets and are disabled, because the
    former installation may still be sending; for the same reason transfers of payouts are held. Every rule of the
    ledger is checked before it is over.

    Args:
        session: a transaction of the database's owner, which is rolled back on an exception.
        actor: who restores.
        archive: the checked archive.
        settings: for the secret key.
        at: the present time.
        passphrase: of the payout destinations; None: they are left out, or the archive has none.
        watch: called with the progress.

    Raises:
        Conflict: `not_empty`: the installation has data.
        InvalidRequest: `archive_refused`: a row is not acceptable, or the ledger breaks a rule; `wrong_passphrase`.

    Effects: adds an audit entry for each merchant of the archive.
    """
    session.execute(_LOCK)
    _require_empty(session)
    columns = rows.load_columns(session)
    key = _key(archive.manifest, passphrase)
    by = Restoration(settings, key, at, session.execute(_TRANSACTION_ID).scalar_one())
    for number, table in enumerate(archive.manifest.tables):
        watch(table.name, number * 9_000 // len(archive.manifest.tables))
        _restore_table(session, archive, table, columns[table.name], by)
    restored_payouts.hold(session)
    watch("verify", 9_000)
    _require_sound(session)
    for organization in archive.manifest.organizations:
        _add_entry(session, actor, organization, archive.manifest)
    return archive.manifest


def _require_empty(session: Session) -> None:
    probes = ", ".join(f"EXISTS (SELECT FROM {table}) AS {table}" for table in (*EXPORTED, *NOT_EXPORTED))
    found = session.execute(text(f"SELECT {probes}")).mappings().one()
    filled = [table for table, is_filled in found.items() if is_filled]
    if filled:
        raise Conflict(
            f"the installation is not empty: there are rows in {', '.join(filled[:3])}. An archive is restored on "
            "a new installation only, right after `accrual migrate`",
            code="not_empty",
        )


def _key(manifest: Manifest, passphrase: str | None) -> PassphraseKey | None:
    if manifest.passphrase is None:
        if passphrase is not None:
            raise refused("it was made without a passphrase, so it has no payout destinations; leave --passphrase out")
        return None
    if passphrase is None:
        raise refused("it was made with a passphrase; give it with --passphrase")
    key = PassphraseKey(passphrase, bytes.fromhex(manifest.passphrase.salt))
    key.unseal(manifest.passphrase.check)
    return key


def _restore_table(
    session: Session, archive: Archive, table: TableMembers, columns: Sequence[Column], by: Restoration
) -> None:
    if table.columns != rows.exported_columns(table.name, columns):
        raise refused(f"the columns of {table.name} are not those of this installation")
    count = 0
    names = [*table.columns, *added_columns(table.name)]
    for batch in _batches(table.name, archive.lines(table.json_lines), set(table.columns), by):
        count += len(batch)
        _insert(session, table.name, names, batch)
    if count != table.rows:
        raise refused(f"the manifest counts {table.rows:,} as the rows of {table.json_lines.name}, not {count:,}")
    _refer(session, archive, table)
    for column in columns:
        if column.is_identity and count:
            session.execute(text(_continue_after(table.name, column.name)))
    session.execute(text(f"ANALYZE {table.name}"))


def _refer(session: Session, archive: Archive, table: TableMembers) -> None:
    """Let rows refer to other rows of their table, which are all there now."""
    column = EXPORTED[table.name].own_reference
    if column is None:
        return
    parsed = (orjson.loads(line) for line in archive.lines(table.json_lines))
    referring = (orjson.dumps({"id": row["id"], column: row[column]}) for row in parsed if row[column] is not None)
    statement = (
        f"UPDATE {table.name} AS referring SET {column} = found.{column} "
        f"FROM json_populate_recordset(NULL::{table.name}, CAST(:rows AS json)) AS found WHERE referring.id = found.id"
    )
    while batch := list(islice(referring, BATCH_ROWS)):
        _execute(session, table.name, statement, batch)


def _batches(table: str, lines: Iterator[bytes], names: set[str], by: Restoration) -> Iterator[list[bytes]]:
    """The rows of a table as JSON in batches; what belongs together, as the postings of an entry, is in one of them.

    The column by which rows refer to other rows of the table is null.
    """
    together = EXPORTED[table].together
    batch: list[bytes] = []
    size, former = 0, None
    for line in lines:
        row = _parsed(table, line, names)
        is_full = size > BATCH_BYTES or len(batch) >= BATCH_ROWS
        if is_full and (together is None or row[together] != former):
            yield batch
            batch, size = [], 0
        batch.append(orjson.dumps(restored(table, row, by)) if is_changed(table) else line)
        size += len(line)
        former = row[together] if together is not None else None
    if batch:
        yield batch


def _parsed(table: str, line: bytes, names: set[str]) -> Row:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        row = None
    if not isinstance(row, dict) or row.keys() != names:
        raise refused(f"a line of {table} is not a row with the columns of the manifest")
    return row


def _insert(session: Session, table: str, names: Sequence[str], batch: Sequence[bytes]) -> None:
    listed = ", ".join(f'"{name}"' for name in names)
    statement = (
        f"INSERT INTO {table} ({listed}) OVERRIDING SYSTEM VALUE "
        f"SELECT {listed} FROM json_populate_recordset(NULL::{table}, CAST(:rows AS json))"
    )
    _execute(session, table, statement, batch)


def _execute(session: Session, table: str, statement: str, batch: Sequence[bytes]) -> None:
    """Execute a statement with rows. Raises InvalidRequest if the database does not accept them."""
    try:
        session.execute(text(statement), {"rows": (b"[" + b",".join(batch) + b"]").decode()})
    except DBAPIError as failure:
        raise refused(f"the database does not accept its {table} ({_reason(failure)})") from None


def _reason(failure: DBAPIError) -> str:
    """The first line of the database's message, which has names and no values of rows."""
    diagnosis = getattr(failure.orig, "diag", None)
    return str(getattr(diagnosis, "message_primary", None) or type(failure.orig).__name__)


def _continue_after(table: str, column: str) -> str:
    """SQL that lets new rows be numbered after the restored ones."""
    return f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), max(\"{column}\")) FROM {table}"


def _require_sound(session: Session) -> None:
    breaches = verify.breaches(session)
    if breaches:
        first = breaches[0]
        raise refused(f"what it says breaks a rule of the ledger: {first.rule} ({first.what})")


def _add_entry(session: Session, actor: Actor, organization: str, manifest: Manifest) -> None:
    owner = ids.decode(organization, ids.ORGANIZATION)
    if owner is None:
        raise refused(f"its manifest names {organization[:80]!r} as an organization, which is no id")
    details = {"exported_at": manifest.made_at, "accrual_version": manifest.accrual_version}
    audit.add_entry(session, actor, "organization.restored", organization, details, organization_id=owner)
