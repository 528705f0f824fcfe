"""`accrual export`: everything that Accrual knows of a merchant, as an archive."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir
from app.errors import InvalidRequest
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from app.transfer.exports.writing import ExportPlan

Passphrase = Annotated[
    bool,
    typer.Option(
        "--passphrase",
        help="Ask for a passphrase, and put payout destinations into the archive, encrypted with it. "
        "Without a terminal it is read from standard input.",
    ),
]


def export(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The archive. Default: accrual-DATE.zip in this directory.", show_default=False
        ),
    ] = None,
    organization: Annotated[
        str | None,
        typer.Option(
            help="Only this organization and those below it, by name or id. Default: all.", show_default=False
        ),
    ] = None,
    livemode: Annotated[
        bool | None, typer.Option("--live/--test", help="Only live or test money. Default: both.", show_default=False)
    ] = None,
    *,
    passphrase: Passphrase = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write everything that Accrual knows into an archive, as CSV and JSON lines, without keys and secrets.

    `accrual import accrual` restores it on an empty installation.
    """
    from app import db
    from app.transfer.exports import commands, writing

    secret = ask_passphrase(is_new=True) if passphrase else None
    made_at = datetime.now(UTC)
    target = output or Path(f"accrual-{made_at:%Y-%m-%d-%H%M%S}.zip")
    with organizations.database(data_dir), _written(target) as (file, partial):
        with db.transaction() as session, printing.Bar() as bar:
            writing.read_once(session)
            plan = _planned(session, organization, livemode, secret, made_at)
            manifest = writing.write(session, file, plan, lambda bps: bar.show("exporting", bps, ""))
        file.flush()
        with partial.open("rb") as written:
            digest = file_digest(written, "sha256").hexdigest()
        with db.transaction() as session:
            commands.add_entries(session, CLI, plan, digest)
    printing.record(
        {
            "archive": str(target),
            "bytes": target.stat().st_size,
            "sha256": digest,
            "rows": sum(table.rows for table in manifest.tables),
            "payout_destinations": "encrypted with the passphrase" if secret else "left out",
        },
        as_json=as_json,
    )


def ask_passphrase(*, is_new: bool) -> str:
    """The passphrase that the user types, twice if it is new; without a terminal the first line of the input."""
    from app.transfer.exports.passphrases import require_passphrase

    if not sys.stdin.isatty():  # typer would ask on the terminal of the session, if there is one
        return require_passphrase(sys.stdin.readline().rstrip("\r\n"))
    typed: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=is_new, err=True)
    return require_passphrase(typed)


def _planned(
    session: Session, organization: str | None, livemode: bool | None, passphrase: str | None, made_at: datetime
) -> ExportPlan:
    from app.transfer.exports import commands

    if organization is None:
        return commands.of_installation(session, livemode=livemode, passphrase=passphrase, at=made_at)
    owner_id = organizations.find(session, organization).id
    return commands.of_organization(session, owner_id, livemode=livemode, passphrase=passphrase, at=made_at)


@contextmanager
def _written(target: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """A new private file and its path; it gets the name `target` if the block succeeds, and is removed if not."""
    if target.exists():
        raise InvalidRequest(f"{target} exists; choose another name with --output", param="output")
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file, partial
        partial.rename(target)
    except OSError as problem:
        raise InvalidRequest(f"{target} cannot be written: {problem.strerror}", param="output") from None
    finally:
        partial.unlink(missing_ok=True)
