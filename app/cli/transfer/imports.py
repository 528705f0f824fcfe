"""`accrual import`: lists of other affiliate systems, and archives of other installations."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.finding import find_program
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live
from app.cli.stripe import runs
from app.cli.transfer import restore
from app.errors import InvalidRequest
from app.organizations.actors import CLI
from app.transfer.imports.reading.fields import TOOLS, Tool

if TYPE_CHECKING:
    from app.transfer.imports.reading.inspecting import Sent
    from app.transfer.imports.views import ImportRefusalBody, ImportWithRefusals

LOOK_EVERY_SECONDS: Final = 0.5
PAGE: Final = 1000
SYSTEMS: Final[dict[Tool, str]] = {
    "rewardful": "Rewardful",
    "firstpromoter": "FirstPromoter",
    "tolt": "Tolt",
    "csv": "CSV lists of any other system",
}

commands = typer.Typer(
    help="Import the lists of another affiliate system, or the archive of another installation.", no_args_is_help=True
)
commands.command("accrual")(restore.restore)

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE…", help="CSV lists: affiliates, customers, commissions.", dir_okay=False)
]
Program = Annotated[
    str | None, typer.Option("--program", help="The program, prog_…. Default: the default program.", show_default=False)
]
Cutoff = Annotated[
    str | None,
    typer.Option(
        "--cutoff",
        help="Payments from then on earn here: a date, or 30d for 30 days ago. Required with customers and "
        "commissions, unless the program has a cut-off.",
        show_default=False,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only report what would be done; nothing is changed.")]
Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="COLUMN=FIELD",
        help="What a column is; COLUMN=FIELD:FORMAT says how it is written; COLUMN=- is not read. Repeat for several.",
        show_default=False,
    ),
]
LeavePending = Annotated[
    bool, typer.Option("--leave-pending", help="Leave out commissions that the other system has not released yet.")
]
ImportId = Annotated[str, typer.Argument(metavar="ID", help="The import's id, imp_…")]


def _command(tool: Tool) -> Callable[..., None]:
    """The command that imports the lists of a tool."""

    def import_lists(
        files: Files,
        *,
        program: Program = None,
        cutoff: Cutoff = None,
        dry_run: DryRun = False,
        maps: Maps = None,
        leave_pending: LeavePending = False,
        livemode: LiveOrTest = None,
        detach: runs.Detach = False,
        organization: OrganizationName = None,
        data_dir: DataDir = None,
        as_json: AsJson = False,
    ) -> None:
        from app import db, ids, jobs
        from app.transfer.imports.commands import ImportRequest, request_import

        asked = ImportRequest(
            tool=tool,
            files=[_read(file) for file in files],
            cutoff_at=runs.moment(cutoff, "cutoff"),
            maps=maps or (),
            dry_run=dry_run,
            leave_pending=leave_pending,
        )
        with organizations.database(data_dir) as settings:
            with db.transaction() as session:
                found, mode = find_program(session, program, organization), is_live(livemode, settings)
                job = request_import(session, CLI, found, asked, livemode=mode)
                owners = organizations.find_with_descendants(session, organization)
                public_id = ids.encode(ids.IMPORT, job.id)
            jobs.wake(jobs.IMPORTS)
            shown = _load(owners, public_id) if detach else _follow(owners, public_id)
            _print(owners, shown, as_json=as_json)

    return import_lists


for name in TOOLS:
    commands.command(name, help=f"Import affiliates, customers and commissions from {SYSTEMS[name]}.")(_command(name))


@commands.command("list")
def list_(
    livemode: LiveOrTest = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List imports of a mode, newest first."""
    from app.transfer.imports import queries, views

    with organizations.reading(data_dir) as (settings, session):
        owners, mode = organizations.find_with_descendants(session, organization), is_live(livemode, settings)
        page = queries.list_imports(session, owners, livemode=mode, limit=limit)
        loaded = views.load_imports(session, page.rows)
    bodies = [printing.values(body, as_json=as_json) for body in loaded]
    columns = ("id", "tool", "dry_run", "status", "rows", "refused", "created_at", "sentence")
    printing.listing(
        bodies if as_json else [{name: body[name] for name in columns} for body in bodies], as_json=as_json
    )


@commands.command()
def show(
    import_id: ImportId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Show an import: its progress, what it did, and every row that was not imported, with line and reason."""
    from app import db

    with organizations.database(data_dir):
        with db.transaction() as session:
            owners = organizations.find_with_descendants(session, organization)
        _print(owners, _load(owners, import_id), as_json=as_json)


def _read(file: Path) -> Sent:
    from app.transfer.imports.reading.inspecting import Sent

    try:
        return Sent(file.name, file.read_bytes())
    except OSError as problem:
        raise InvalidRequest(f"{file} cannot be read: {problem.strerror}", param="file") from None


def _load(owners: tuple[UUID, ...], public_id: str) -> ImportWithRefusals:
    from app import db
    from app.transfer.imports import queries, views

    with db.transaction() as session:
        return views.load_import(session, queries.get_import(session, owners, public_id))


def _follow(owners: tuple[UUID, ...], public_id: str) -> ImportWithRefusals:
    """Wait for the end of an import, showing its progress; Ctrl-C ends the display and not the import."""
    from app import jobs
    from app.sentences.say import say

    try:
        with printing.Bar() as bar:
            while True:
                shown = _load(owners, public_id)
                bar.show(
                    shown.status,
                    100 * shown.progress_percent,
                    f"{shown.rows_done} of {say('count.rows', count=shown.rows)}",
                )
                if shown.status != "queued":
                    return shown
                jobs.wake(jobs.IMPORTS)  # the queue may have lost its job, and there may be no clock
                time.sleep(LOOK_EVERY_SECONDS)
    except KeyboardInterrupt:
        printing.print_error_line(f"\nStill running. See it with: accrual import show {public_id}")
        raise typer.Exit(130) from None


def _print(owners: tuple[UUID, ...], shown: ImportWithRefusals, *, as_json: bool) -> None:
    """Print an import with every row that was not imported; exit code 1 if it failed."""
    refusals = _refusals(owners, shown)
    body = printing.values(shown, as_json=as_json)
    del body["has_more_refusals"]
    if as_json:
        listed = [printing.values(each, as_json=True) for each in refusals]
        printing.as_document({**body, "refusals": listed})
    else:
        printing.record(_flat(body))
        if refusals:
            printing.say("\nnot imported", is_bold=True)
            rows = [{"file": one.file, "line": str(one.line), "why": one.sentence} for one in refusals]
            printing.listing(rows)
        printing.say(f"\n{shown.sentence}", is_bold=True)
    if shown.status == "failed":
        raise typer.Exit(1)


def _refusals(owners: tuple[UUID, ...], shown: ImportWithRefusals) -> list[ImportRefusalBody]:
    from app import db
    from app.transfer.imports import queries, views

    refusals, has_more = list(shown.refusals), shown.has_more_refusals
    while has_more:
        with db.transaction() as session:
            job = queries.get_import(session, owners, shown.id)
            page = queries.list_refusals(session, job, limit=PAGE, starting_after=str(refusals[-1].number))
            refusals += views.load_refusals(session, job, page.rows)
        has_more = page.has_more
    return refusals


def _flat(body: dict[str, Any]) -> dict[str, Any]:
    """What people read of an import: files as lines, amounts as money, columns that were not read."""
    from app.money import format_money
    from app.sentences.say import say

    values = {name: body[name] for name in ("id", "tool", "program_id", "status", "cutoff_at", "rows", "rows_done")}
    for file in body["files"]:
        unread = ", ".join(file["unread_columns"])
        rows = say("count.rows", count=file["rows"])
        values[file["name"]] = f"{file['contents']}, {rows}" + (f"; not read: {unread}" if unread else "")
    for name in ("affiliates", "customers", "balances", "left_out"):
        values[name] = body[name]
    opened = [format_money(one["amount_cents"], one["currency"]) for one in body["opened"]]
    return {**values, "opened": opened, "refused": body["refused"]}
