"""Makes the files of a run, one in each transaction: from pending payouts to sealed bytes.

The job of runs calls it after the last payout was reserved, and again after a payout ended before its file's download.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app import ids, sealing
from app.commissions.settling.settlement import Cause
from app.organizations import actors
from app.partners.payout_methods import stored
from app.payouts import methods
from app.payouts.files import kinds
from app.payouts.files.kinds import Target
from app.payouts.files.lines import FileHead, FileLine, file_name
from app.payouts.files.models import PayoutFile
from app.payouts.files.problems import load_names
from app.payouts.methods import BY_FILE, Payer
from app.payouts.models import Payout, PayoutRun
from app.payouts.owner_settings import stored as owner_settings
from app.payouts.owner_settings.stored import OwnerSettings
from app.payouts.steps import commands, run_states
from app.programs.models import Program
from app.sentences import payouts as sentences

_ROWS_AT_ONCE: Final = 1000

_WITHOUT_FILE: Final = text("""
    SELECT payout.id, payout.method, payout.currency, payout.country, payout.destination_masked
    FROM payouts AS payout LEFT JOIN payout_files AS file ON file.id = payout.file_id
    WHERE payout.run_id = :run_id AND payout.status = 'pending' AND payout.method = ANY(:methods)
      AND (file.id IS NULL OR file.status = 'replacing')
    ORDER BY payout.id
""")
_PAYOUTS: Final = text("""
    SELECT id, partner_id, method, currency, country, net_minor, reference, destination_encrypted
    FROM payouts WHERE id = ANY(:ids) ORDER BY id
""")
_PUT_IN_FILE: Final = text("UPDATE payouts SET file_id = :file_id WHERE id = ANY(:ids)")
_REPLACING: Final = select(PayoutFile.run_id).where(PayoutFile.status == "replacing")
_NEXT_RUN: Final = (
    select(PayoutRun)
    .where(PayoutRun.id.in_(_REPLACING), PayoutRun.due_at <= text("now()"))
    .order_by(PayoutRun.due_at, PayoutRun.id)
    .limit(1)
    .with_for_update(skip_locked=True, key_share=True)
    .execution_options(populate_existing=True)
)


def is_due(session: Session) -> bool:
    """Whether a file waits to be made again."""
    due = _REPLACING.join(PayoutRun, PayoutRun.id == PayoutFile.run_id).where(PayoutRun.due_at <= text("now()"))
    return session.scalar(due.limit(1)) is not None


def claim(session: Session) -> PayoutRun | None:
    """The next run with a file that must be made again, locked until the transaction ends; None if there is none."""
    return session.scalars(_NEXT_RUN).one_or_none()


def make_next(session: Session, run: PayoutRun, by: Cause) -> bool:
    """Make one file of the run's pending payouts that are in none, and put them in it; False if none is left.

    A payout that cannot be in a file any more fails by itself, with the sentence why.

    Args:
        session: locks the run and writes the file.
        run: whose payouts.
        by: the cause of the entries of payouts that fail.
    """
    run_states.lock(session, [run.id])
    chosen = kinds.next_file(_candidates(session, run))
    if not chosen:
        replaced = update(PayoutFile).where(PayoutFile.run_id == run.id, PayoutFile.status == "replacing")
        session.execute(replaced.values(status="replaced"))
        return False
    program = session.get_one(Program, run.program_id)
    settings = owner_settings.load(session, run.organization_id, sealing.of_process())
    good = _without_problems(session, _lines(session, chosen), settings, by)
    if good:
        _insert(session, run, program, settings, good)
    return True


def _candidates(session: Session, run: PayoutRun) -> Iterator[tuple[UUID, Target]]:
    rows = session.execute(
        _WITHOUT_FILE, {"run_id": run.id, "methods": list(BY_FILE)}, execution_options={"yield_per": _ROWS_AT_ONCE}
    )
    for row in rows:
        yield row.id, Target(row.method, row.currency, row.country, row.destination_masked.keys())


def _lines(session: Session, payout_ids: Sequence[UUID]) -> dict[UUID, FileLine]:
    rows = session.execute(_PAYOUTS, {"ids": list(payout_ids)}).all()
    names = load_names(session, {row.partner_id for row in rows})
    return {row.id: _line(row, names[row.partner_id]) for row in rows}


def _line(row: Any, name: str) -> FileLine:
    sealed = row.destination_encrypted
    return FileLine(
        method=row.method,
        currency=row.currency,
        country=row.country,
        net_minor=row.net_minor,
        reference=row.reference,
        name=name,
        destination={} if sealed is None else stored.unseal(sealed, sealing.of_process()),
    )


def _without_problems(
    session: Session, lines: Mapping[UUID, FileLine], settings: OwnerSettings, by: Cause
) -> dict[UUID, FileLine]:
    """The lines that can be in a file; the payouts of the others have failed."""
    payer = Payer(has_debtor=settings.debtor is not None, has_source_currency=settings.wise_source_currency is not None)
    good = {}
    for payout_id, line in lines.items():
        problem = methods.refusal(line.method, line.country, line.currency, line.net_minor, payer)
        problem = problem or kinds.problem(line)
        if problem is None:
            good[payout_id] = line
        else:
            payout = session.get_one(Payout, payout_id)
            commands.fail(session, actors.CLOCK, payout, by, reason=sentences.refusal(problem.details))
    return good


def _insert(
    session: Session,
    run: PayoutRun,
    program: Program,
    settings: OwnerSettings,
    lines: Mapping[UUID, FileLine],
) -> None:
    first = next(iter(lines.values()))
    head = FileHead(
        file_id=ids.new(),
        created_at=datetime.now(UTC),
        livemode=run.livemode,
        program_name=program.name,
        debtor=settings.debtor,
        source_currency=settings.wise_source_currency,
    )
    content = kinds.render(head, list(lines.values()))
    file = PayoutFile(
        id=head.file_id,
        organization_id=run.organization_id,
        run_id=run.id,
        livemode=run.livemode,
        method=first.method,
        kind=first.kind,
        currency=first.currency,
        name=file_name(head, first.kind, first.currency, kinds.FORMATS[first.kind].extension),
        lines=len(lines),
        net_minor=sum(line.net_minor for line in lines.values()),
        sha256=hashlib.sha256(content).hexdigest(),
        content_encrypted=sealing.seal(content.decode(), sealing.of_process()),
        created_at=head.created_at,
    )
    session.add(file)
    session.flush()
    session.execute(_PUT_IN_FILE, {"file_id": file.id, "ids": list(lines)})
