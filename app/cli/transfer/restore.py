"""`accrual import accrual`: restore an archive of `accrual export` on an empty installation."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from app.cli import printing
from app.cli.options import AsJson, DataDir
from app.cli.transfer.exports import ask_passphrase
from app.errors import InvalidRequest
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from io import BufferedReader

    from app.config import Settings
    from app.transfer.exports.manifest import Manifest


def restore(
    file: Annotated[Path, typer.Argument(help="The archive that `accrual export` made.", dir_okay=False)],
    *,
    sha256: Annotated[
        str | None,
        typer.Option(
            help="The archive's SHA-256 as the export printed it; another one is refused.", show_default=False
        ),
    ] = None,
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="Ask for the passphrase that the archive was made with.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Restore an archive on an empty installation: the same ids, times, balances, explanations and statements.

    Keys and secrets are not in it. Afterwards, make keys, add the signing secrets, and enable outbound endpoints.
    """
    from app import config, logs, sealing

    settings = config.load(data_dir)
    logs.configure(settings.log_format, level="warning")
    sealing.connect(settings)
    secret = ask_passphrase(is_new=False) if passphrase else None
    try:
        opened = file.open("rb")
    except OSError as problem:
        raise InvalidRequest(f"{file} cannot be read: {problem.strerror}", param="file") from None
    with opened:
        _require_digest(opened, sha256)
        manifest = _restored(opened, settings, secret)
    rows = sum(table.rows for table in manifest.tables)
    printing.record(
        {"organizations": list(manifest.organizations), "exported_at": manifest.made_at, "rows": rows}, as_json=as_json
    )
    if not as_json:
        printing.say(
            "Restored; no rule of the ledger is broken. Next: `accrual bootstrap --organization org_…` makes a key, "
            "`accrual endpoints rotate` adds a signing secret of Stripe, `accrual webhooks enable` starts an endpoint. "
            "Payouts through Stripe that were under way are held: stop the former installation, then run "
            "`accrual payouts release`."
        )


def _restored(opened: IO[bytes], settings: Settings, passphrase: str | None) -> Manifest:
    from sqlalchemy.orm import Session

    from app import config, db
    from app.transfer.exports.reading import Archive
    from app.transfer.exports.restoring import restore as restore_archive

    owner = db.create(config.migrate_url(settings), role=None, pool_size=1)
    try:
        with Archive.opened(opened) as archive, Session(owner) as session, session.begin(), printing.Bar() as bar:
            return restore_archive(
                session,
                CLI,
                archive,
                settings,
                at=datetime.now(UTC),
                passphrase=passphrase,
                watch=lambda step, bps: bar.show(step, bps, ""),
            )
    finally:
        owner.dispose()


def _require_digest(opened: BufferedReader, expected: str | None) -> None:
    if expected is None:
        return
    digest = file_digest(opened, "sha256").hexdigest()
    if digest != expected.strip().lower():
        raise InvalidRequest(f"the archive's SHA-256 is {digest}, not the one given: it was changed", param="sha256")
