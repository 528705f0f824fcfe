"""A payout run over many partners: previewed, reserved, its files made and downloaded."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select

from app import bulk, db, ids, sealing
from app.config import Settings
from app.partners.models import Partner
from app.partners.payout_methods import stored
from app.partners.payout_methods.destinations import kinds
from app.partners.payout_methods.models import PayoutMethod
from app.payouts.files import downloads
from app.payouts.files.models import PayoutFile
from app.payouts.models import PayoutRun
from app.payouts.reserving import commands
from app.payouts.reserving.requests import RunRequest
from app.programs.models import Program
from bench import subscriptions
from bench.figures import Figure, bounded
from bench.installation import installed
from bench.memory import resident_mb
from worker.payouts import reserving

PARTNERS: Final = 10_000
MAX_SECONDS: Final = 10.0
MAX_MORE_MB: Final = 120.0


def measure(*, partners: int = PARTNERS) -> list[Figure]:
    """The duration of a run in which each partner has one approved commission, and the memory it takes."""
    with installed() as installation:
        sealing.connect(installation.settings.model_copy(update={"payouts_live": True}))
        subscriptions.fill(installation, partners, months=2, one_each=True)
        _choose_methods(installation.settings)
        before_mb = resident_mb()
        preview = _timed(_preview)
        run = _timed(_run)
        download = _timed(_download_all)
        more_mb = resident_mb() - before_mb
    return [
        bounded(f"preview of a payout run over {partners:,} partners", preview, unit="s", at_most=MAX_SECONDS),
        bounded(f"payout run over {partners:,} partners: reserve, make files", run, unit="s", at_most=MAX_SECONDS),
        bounded(f"first download of its files of {partners:,} payouts", download, unit="s", at_most=MAX_SECONDS),
        bounded("memory that preview, run and downloads add", more_mb, unit="MB", at_most=MAX_MORE_MB),
    ]


def _choose_methods(settings: Settings) -> None:
    with db.transaction() as session:
        rows = []
        for partner_id, organization_id in session.execute(select(Partner.id, Partner.organization_id)):
            destination = kinds.validate("paypal", {"email": f"partner-{partner_id.hex}@example.com"})
            rows.append(
                {
                    "partner_id": partner_id,
                    "organization_id": organization_id,
                    "method": "paypal",
                    **stored.sealed(destination, settings),
                    "destination_masked": dict(destination.masked),
                }
            )
        bulk.insert(session, PayoutMethod, rows)


def _timed(do: Callable[[], None]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def _preview() -> None:
    with db.transaction() as session:
        commands.preview(session, session.scalars(select(Program)).one(), RunRequest(), livemode=False)


def _run() -> None:
    with db.transaction() as session:
        commands.create(session, "cli", session.scalars(select(Program)).one(), RunRequest(), livemode=False)
    while reserving.work_slice(60):
        pass


def _download_all() -> None:
    with db.transaction() as session:
        run = session.scalars(select(PayoutRun)).one()
        for file_id in session.scalars(select(PayoutFile.id).order_by(PayoutFile.id)).all():
            downloads.download(session, "cli", run, ids.encode(ids.PAYOUT_FILE, file_id), datetime.now(UTC))
