"""Commands: preview a run, ask for one, and cancel it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import db, ids
from app.commissions.settling.settlement import Cause
from app.errors import Conflict
from app.immutable import immutable
from app.organizations import audit
from app.organizations.actors import Actor, name_of
from app.payouts.models import PayoutRun
from app.payouts.reserving import items, plans, previews, requests
from app.payouts.reserving.planning import Plan
from app.payouts.reserving.previews import Preview
from app.payouts.reserving.requests import RunRequest
from app.payouts.steps import cancelling, run_states, switch
from app.programs.models import Program
from app.sealing import of_process

ONE_RESERVING: Final = "uq_payout_runs_reserving"


@immutable
class Previewed:
    """What a run would pay and skip now, and the token by which a run is compared with it."""

    program: Program
    cutoff_at: datetime
    plans: Sequence[Plan]
    token: str


def preview(session: Session, program: Program, asked: RunRequest, *, livemode: bool) -> Previewed:
    """What a run would pay and skip now; changes nothing, and works while payouts are switched off.

    Raises:
        InvalidRequest: names the field.
        NotFound: a partner is not one of the program.
    """
    request = requests.stored_form(asked)
    cutoff_at = requests.cutoff_of(asked, datetime.now(UTC))
    selection = requests.selection_of(session, program, request, cutoff_at, livemode=livemode)
    planned = plans.load_plans(session, program, selection)
    digests = previews.digest_of_request(request), previews.digest_of(planned)
    token = previews.token_of(Preview(program.id, livemode, digests[0], cutoff_at, digests[1]))
    return Previewed(program, cutoff_at, planned, token)


def create(session: Session, actor: Actor, program: Program, asked: RunRequest, *, livemode: bool) -> PayoutRun:
    """Ask for a run; its job reserves the payouts. Wake the job after the commit.

    Raises:
        Forbidden: `payouts_disabled`.
        InvalidRequest: names the field.
        NotFound: a partner is not one of the program.
        Conflict: `run_in_progress`: another run of the program and mode reserves; `preview_stale`: a run would not pay
            what the preview showed.
    """
    switch.require_on(of_process())
    request = requests.stored_form(asked)
    cutoff_at, digest = _compared(program, asked, request, livemode=livemode)
    selection = requests.selection_of(session, program, request, cutoff_at, livemode=livemode)
    run = PayoutRun(
        id=ids.new(),
        organization_id=program.organization_id,
        program_id=program.id,
        livemode=livemode,
        cutoff_at=cutoff_at,
        request=request,
        preview_digest=digest,
        created_by=name_of(actor),
    )
    _insert(session, run)
    # After the insert, which waits for a run that is just ending: what that one reserved is not planned again.
    planned = plans.load_plans(session, program, selection)
    if digest is not None and previews.digest_of(planned) != digest:
        raise previews.stale("what would be paid is not what the preview showed")
    items.insert(session, run, planned)
    session.refresh(run)
    details = {"program_id": ids.encode(ids.PROGRAM, program.id), "payouts": sum(plan.is_paid for plan in planned)}
    return _audited(session, actor, "payout_run.created", run, details)


def find_made(session: Session, program: Program, token: str, *, livemode: bool) -> PayoutRun | None:
    """The run that was asked for with the preview of this token; None: there is none. Raises as `create`."""
    shown = previews.read(token)
    if (shown.program_id, shown.livemode) != (program.id, livemode):
        return None
    of_program = PayoutRun.program_id == program.id, PayoutRun.livemode == livemode
    of_preview = PayoutRun.cutoff_at == shown.cutoff_at, PayoutRun.preview_digest == shown.digest
    return session.scalar(select(PayoutRun).where(*of_program, *of_preview).order_by(PayoutRun.id.desc()).limit(1))


def cancel(session: Session, actor: Actor, run: PayoutRun, by: Cause) -> PayoutRun:
    """Cancel a run: it reserves nothing more, and its payouts of which nothing was sent are canceled.

    Payouts that were sent, or are being paid, stay as they are, and the run stays open until they have ended.

    Raises:
        Conflict: `status_refused`: the run has ended.
    """
    run_states.lock(session, [run.id])
    session.refresh(run)
    if run.finished_at is not None:
        raise Conflict(f"the run is {run.status} already, so it cannot be canceled", code="status_refused")
    canceled = cancelling.cancel_unsent_of_run(session, by, run.id)
    run_states.stop_reserving(session, run)
    session.refresh(run)
    return _audited(session, actor, "payout_run.canceled", run, {"payouts": len(canceled)})


def _compared(
    program: Program, asked: RunRequest, request: dict[str, Any], *, livemode: bool
) -> tuple[datetime, str | None]:
    """The cut-off of a run, and the digest of the preview it was asked for with. Raises as `create`."""
    if asked.preview_token is None:
        return requests.cutoff_of(asked, datetime.now(UTC)), None
    shown = previews.read(asked.preview_token)
    is_same = (shown.program_id, shown.livemode) == (program.id, livemode)
    is_same = is_same and shown.request_digest == previews.digest_of_request(request)
    if not is_same or asked.cutoff_at not in (None, shown.cutoff_at):
        raise previews.stale("the preview is of another program, or was limited otherwise")
    return shown.cutoff_at, shown.digest


def _insert(session: Session, run: PayoutRun) -> None:
    try:
        with session.begin_nested():
            session.add(run)
    except IntegrityError as violation:
        if db.violated_constraint(violation) != ONE_RESERVING:
            raise
        raise Conflict(
            "another run of this program is being reserved; wait until it is open, or cancel it",
            code="run_in_progress",
        ) from None


def _audited(session: Session, actor: Actor, action: str, run: PayoutRun, details: dict[str, Any]) -> PayoutRun:
    run_id = ids.encode(ids.PAYOUT_RUN, run.id)
    owner, livemode = run.organization_id, run.livemode
    audit.add_entry(session, actor, action, run_id, details, organization_id=owner, livemode=livemode)
    return run
