"""`accrual payouts files` and `import-results`: what a person uploads, and what the provider says became of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, OrganizationName
from app.errors import InvalidRequest
from app.money import format_money
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.payouts.models import PayoutRun

Run = Annotated[str, typer.Argument(metavar="RUN", help="Its id, `pyr_…`.")]


def files(
    run: Run,
    download: Annotated[
        Path | None,
        typer.Option(
            help="Write all files into this directory. The first download makes their payouts `sent`.",
            file_okay=False,
            exists=True,
            show_default=False,
        ),
    ] = None,
    *,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the files of a run, and download them to upload each at its bank or provider."""
    from app.payouts.files import downloads
    from app.payouts.files.views import load_files

    done = []
    with organizations.opened(data_dir) as (_, session):
        found = _find(session, run, organization)
        if download is not None:
            listed = load_files(session, found)
            done = [downloads.download(session, CLI, found, file.id, datetime.now(UTC)) for file in listed]
        shown = load_files(session, found)
    for file in done:  # after the commit: a file that a person can upload has payouts that are sent
        (download or Path()).joinpath(file.name).write_bytes(file.content)
    rows = [file.model_dump(mode="json") for file in shown]
    if not as_json:
        rows = [
            {
                "id": file.id,
                "name": file.name,
                "lines": file.lines,
                "amount": format_money(file.net_cents, file.currency),
                "status": file.status,
                "downloaded_at": file.downloaded_at,
            }
            for file in shown
        ]
    printing.listing(rows, as_json=as_json)
    if done and not as_json:
        printing.say(f"written to {download}; treat their payouts as on their way")
    for each in shown:
        if each.status == "void":
            printing.warn(f"{each.name} is void: a payout of it was canceled; do not upload it, or remove that line")


def import_results(
    run: Run,
    file: Annotated[
        Path, typer.Argument(help="The provider's result file, or reference,status,provider_id,reason.", dir_okay=False)
    ],
    *,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Confirm and fail the payouts of a run as a result file says, and list the lines that fit no payout."""
    from app.commissions.settling.settlement import Cause
    from app.payouts.files.importing import import_results as apply
    from app.payouts.files.views import imported_body

    try:
        content = file.read_bytes()
    except OSError as problem:
        raise InvalidRequest(f"{file} cannot be read: {problem.strerror}", param="file") from None
    with organizations.opened(data_dir) as (_, session):
        found = _find(session, run, organization)
        done = apply(session, CLI, found, content, Cause("command line", datetime.now(UTC)))
        body = imported_body(found, done)
    shown = body.model_dump(mode="json")
    if as_json:
        printing.as_document(shown)
        return
    not_applied = shown.pop("not_applied")
    printing.record(shown)
    if not_applied:
        printing.say("\nlines that changed nothing", is_bold=True)
        printing.listing(
            [{"line": str(one["line"]), "reference": one["reference"], "why": one["sentence"]} for one in not_applied]
        )


def _find(session: Session, run: str, organization: str | None) -> PayoutRun:
    from app.payouts.showing.queries import get_run

    return get_run(session, organizations.find_with_descendants(session, organization), run)
