"""Downloading a file of payouts: the first download sends its payouts."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import ids, sealing
from app.errors import Gone, NotFound
from app.immutable import immutable
from app.organizations import audit
from app.organizations.actors import Actor, name_of
from app.payouts.files import kinds
from app.payouts.files.models import PayoutFile
from app.payouts.models import Payout, PayoutRun
from app.payouts.steps import facts, run_states, switch


@immutable
class Downloaded:
    """A file as it is handed over."""

    name: str
    content_type: str
    sha256: str
    content: bytes


def download(session: Session, actor: Actor, run: PayoutRun, public_id: str, at: datetime) -> Downloaded:
    """The bytes of a file, which are the same each time. The first download makes its payouts `sent`.

    Args:
        session: locks the run, changes the payouts, and writes the audit entry and the outbound facts.
        actor: who downloads it.
        run: whose file.
        public_id: of the file, `pyf_…`.
        at: the present time.

    Raises:
        NotFound: the run has no such file.
        Gone: `file_replaced`: it was made again without a payout that has ended; `file_not_restored`: an export
            without a passphrase did not have it.
        Forbidden: `payouts_disabled`: it was never downloaded, and payouts are switched off.
    """
    run_states.lock(session, [run.id])
    file = get_file(session, run, public_id)
    content = _content(file, public_id)
    is_first = file.downloaded_at is None
    if is_first:
        switch.require_on(sealing.of_process())
        _send(session, file, name_of(actor), at)
    details = {"run_id": ids.encode(ids.PAYOUT_RUN, run.id), "is_first": is_first, "sha256": file.sha256}
    owner, livemode = file.organization_id, file.livemode
    audit.add_entry(
        session, actor, "payout_file.downloaded", public_id, details, organization_id=owner, livemode=livemode
    )
    return Downloaded(file.name, kinds.FORMATS[file.file_kind].content_type, file.sha256, content)


def get_file(session: Session, run: PayoutRun, public_id: str) -> PayoutFile:
    """The file of a run with this `pyf_…` id. Raises NotFound; Gone: `file_replaced`."""
    key = ids.decode(public_id, ids.PAYOUT_FILE)
    chosen = select(PayoutFile).where(PayoutFile.id == key, PayoutFile.run_id == run.id)
    file: PayoutFile | None = session.scalar(chosen.execution_options(populate_existing=True))
    if file is None:
        raise NotFound.of("payout file", public_id, where=" in this run")
    if file.status in {"replacing", "replaced"}:
        raise Gone(
            f"the file {public_id} was made again without a payout that has ended; list the run's files, and download "
            "the new one",
            code="file_replaced",
        )
    return file


def _content(file: PayoutFile, public_id: str) -> bytes:
    if file.content_encrypted is None:
        raise Gone(
            f"the file {public_id} was not in the export that this installation was restored from, because the export "
            "has no payout destinations; cancel its payouts if they were not uploaded, and run them again",
            code="file_not_restored",
        )
    return sealing.unseal(file.content_encrypted, sealing.of_process()).encode()


def _send(session: Session, file: PayoutFile, downloaded_by: str, at: datetime) -> None:
    file.downloaded_at, file.downloaded_by = at, downloaded_by
    pending = update(Payout).where(Payout.file_id == file.id, Payout.status == "pending")
    sent = session.scalars(
        pending.values(status="sent", sent_at=at).returning(Payout), execution_options={"populate_existing": True}
    ).all()
    facts.record(session, sent, facts.SENT, at)
