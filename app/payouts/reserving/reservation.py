"""The job of a run: reserves its items in batches, each batch in one transaction, so that a killed job continues.

A batch locks the run, the partners and then the payments, as a drain locks them. What was planned is computed again
from the ledger under these locks: a refund, a ban or another destination since then counts.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import backoff, bulk, ids
from app.commissions.settling import payout_postings
from app.commissions.settling.payout_postings import Step, Taken
from app.commissions.settling.settlement import Cause
from app.payouts import references
from app.payouts.amounts import NOTHING
from app.payouts.connect import destinations
from app.payouts.files import making
from app.payouts.files.problems import load_problems
from app.payouts.methods import Refusal
from app.payouts.models import UNDER_WAY_SQL, Payout, PayoutLine, PayoutRun, PayoutRunItem
from app.payouts.reserving import items, payables, planning, plans, requests
from app.payouts.reserving.items import ItemDone
from app.payouts.reserving.payables import Owed
from app.payouts.reserving.planning import Plan
from app.payouts.steps import facts, requested, run_states
from app.programs.models import Program

PARTNERS_AT_ONCE: Final = 200
COMMISSIONS_AT_ONCE: Final = 10_000
CAUSE: Final = "job:payouts"
FIRST_BACKOFF_SECONDS: Final = 5
LONGEST_BACKOFF_SECONDS: Final = 600

Pair = tuple[UUID, str]
"""A partner and a currency."""

# A run whose row another transaction has locked is left for the next time.
_NEXT_RUN: Final = (
    select(PayoutRun)
    .where(PayoutRun.status == "reserving", PayoutRun.due_at <= text("now()"))
    .order_by(PayoutRun.due_at, PayoutRun.id)
    .limit(1)
    .with_for_update(skip_locked=True, key_share=True)
    .execution_options(populate_existing=True)
)
_ARE_UNDER_WAY: Final = text(f"""
    SELECT DISTINCT partner_id, currency FROM payouts
    WHERE partner_id = ANY(:partner_ids) AND livemode = :livemode AND {UNDER_WAY_SQL} AND run_id <> :run_id
""")


def is_due(session: Session, *, is_on: bool) -> bool:
    """Whether a run waits for its job: to reserve, if payouts are switched on, or to make a file again."""
    if making.is_due(session):
        return True
    due = select(PayoutRun.id).where(PayoutRun.status == "reserving", PayoutRun.due_at <= text("now()")).limit(1)
    return is_on and session.scalar(due) is not None


def claim(session: Session) -> PayoutRun | None:
    """The next run that is due, locked until the transaction ends; None if there is none."""
    return session.scalars(_NEXT_RUN).one_or_none()


_POSTPONE: Final = text("""
    UPDATE payout_runs SET failures = failures + 1, due_at = now() + make_interval(secs => :wait_seconds)
    WHERE id = :id AND finished_at IS NULL
""")


def postpone(session: Session, run_id: UUID) -> None:
    """Make a run whose batch failed due again after a wait that grows with each failure."""
    failures = session.scalar(select(PayoutRun.failures).where(PayoutRun.id == run_id)) or 0
    wait = backoff.seconds(failures + 1, first=FIRST_BACKOFF_SECONDS, longest=LONGEST_BACKOFF_SECONDS)
    session.execute(_POSTPONE, {"id": run_id, "wait_seconds": wait})


def reserve_batch(session: Session, run: PayoutRun, *, partners: int = PARTNERS_AT_ONCE) -> None:
    """Reserve the next items of a claimed run; after the last make a file; after the last file end its reserving.

    Effects: one transaction. Takes the locks that drains take; inserts payouts, lines and entries; updates
    commissions and items.
    """
    cause = Cause(CAUSE, datetime.now(UTC))
    batch = items.load_planned(session, run.id, partners=partners, commissions=COMMISSIONS_AT_ONCE)
    if not batch:
        if not making.make_next(session, run, cause):
            run_states.end_reserving(session, run.id)
            facts.record_ready(session, run)
        return
    reserved, skipped = [], []
    program = _locked_program(session, run)
    for planned, taken in _plan_again(session, run, program, batch):
        if planned.is_paid:
            reserved.append((ids.new(), planned, taken))
        else:
            skipped.append(ItemDone(planned))
    organizations = plans.load_organizations(session, [plan.owed.partner_id for _, plan, _ in reserved])
    rows = [_payout_row(run, program, plan, payout_id, organizations) for payout_id, plan, _ in reserved]
    bulk.insert(session, Payout, rows)
    bulk.insert(session, PayoutLine, [row for payout_id, plan, _ in reserved for row in _lines(run, payout_id, plan)])
    payout_postings.post(session, [_step(*each) for each in reserved], cause)
    items.write_done(session, run, [*skipped, *(ItemDone(plan, payout_id) for payout_id, plan, _ in reserved)])
    requested.send_external(session, [row["id"] for row in rows if row["method"] == "external"], cause)


def _locked_program(session: Session, run: PayoutRun) -> Program:
    """The run's program as it is now, locked: its cut-off is not moved past what this transaction reserves."""
    lock = {"read": True, "key_share": True}
    return session.get_one(Program, run.program_id, with_for_update=lock, populate_existing=True)


def _plan_again(
    session: Session, run: PayoutRun, program: Program, batch: Sequence[PayoutRunItem]
) -> Iterable[tuple[Plan, Mapping[UUID, Taken]]]:
    """What is paid of each item now, under the locks, with the commissions behind it."""
    partner_ids = sorted({item.partner_id for item in batch})
    statuses = plans.load_statuses(session, partner_ids, is_shared=True)
    selection = requests.selection_of(session, program, run.request, run.cutoff_at, livemode=run.livemode)
    pairs = [(item.partner_id, item.currency) for item in batch]
    by_pair: dict[Pair, dict[UUID, Taken]] = {pair: {} for pair in pairs}
    for taken in payout_postings.take(session, payables.part_ids(session, selection, pairs)).values():
        if payables.counts(taken.position.payable_minor, taken.approved_at, run.cutoff_at):
            by_pair[taken.partner_id, taken.currency][taken.id] = taken
    found = destinations.load_for(session, partner_ids, livemode=run.livemode)
    terms = plans.load_terms(session, program, livemode=run.livemode)
    problems = load_problems(session, pairs, found.methods)
    others = _under_way_elsewhere(session, run, partner_ids)
    for item in batch:
        pair = (item.partner_id, item.currency)
        lines = [(taken.id, taken.position.payable_minor) for taken in by_pair[pair].values()]
        owed = Owed(*pair, sum(minor for _, minor in lines), len(lines))
        now = planning.plan(
            owed,
            lines,
            partner_status=statuses[pair[0]],
            method=found.methods.get(pair[0]),
            terms=terms,
            unable=found.refusals.get(pair[0]),
            destination_problem=problems.get(pair),
        )
        yield _compared(run, item, now, is_elsewhere=pair in others), by_pair[pair]


def _compared(run: PayoutRun, item: PayoutRunItem, now: Plan, *, is_elsewhere: bool) -> Plan:
    """The plan, or why it is not carried out.

    Another run has reserved it, the partner has chosen a method that the run was not asked for, or the plan is not what
    the preview showed.
    """
    if now.owed.commission_count == 0 and is_elsewhere and now.reason == "not_positive":
        return replace(now, reason="in_payout")
    if now.is_paid and run.request["methods"] and now.method_name not in run.request["methods"]:
        details = Refusal("other_method", {"method": str(now.method_name)}).details
        return replace(now, reason="method_unavailable", details=details, amounts=NOTHING)
    amounts = (item.gross_minor, item.fee_minor, item.net_minor)
    previewed = [str(item.partner_id), item.currency, *amounts, item.method, item.fingerprint]
    if run.preview_digest is not None and now.is_paid and now.line != previewed:
        return replace(now, reason="preview_changed", amounts=NOTHING)
    return now


def _under_way_elsewhere(session: Session, run: PayoutRun, partner_ids: Sequence[UUID]) -> set[Pair]:
    values = {"partner_ids": partner_ids, "livemode": run.livemode, "run_id": run.id}
    return {(row.partner_id, row.currency) for row in session.execute(_ARE_UNDER_WAY, values)}


def _payout_row(
    run: PayoutRun, program: Program, plan: Plan, payout_id: UUID, organizations: Mapping[UUID, UUID | None]
) -> dict[str, Any]:
    assert plan.method is not None, "what is paid has a method"
    return {
        "id": payout_id,
        "organization_id": run.organization_id,
        "partner_organization_id": organizations[plan.owed.partner_id],
        "program_id": run.program_id,
        "partner_id": plan.owed.partner_id,
        "run_id": run.id,
        "livemode": run.livemode,
        "currency": plan.owed.currency,
        "gross_minor": plan.amounts.gross_minor,
        "fee_minor": plan.amounts.fee_minor,
        "net_minor": plan.amounts.net_minor,
        "fee_bps": program.platform_fee_bps,
        "method": plan.method.method,
        "destination_encrypted": plan.method.destination_encrypted,
        "destination_masked": dict(plan.method.masked),
        "country": plan.method.country,
        "reference": references.new(secrets.randbits(64)),
        "commission_count": len(plan.amounts.lines),
    }


def _lines(run: PayoutRun, payout_id: UUID, plan: Plan) -> Iterable[dict[str, Any]]:
    for line in plan.amounts.lines:
        yield {
            "payout_id": payout_id,
            "commission_id": line.commission_id,
            "organization_id": run.organization_id,
            "livemode": run.livemode,
            "gross_minor": line.gross_minor,
            "fee_minor": line.fee_minor,
        }


def _step(payout_id: UUID, plan: Plan, taken: Mapping[UUID, Taken]) -> Step:
    public_id = ids.encode(ids.PAYOUT, payout_id)
    parts = [(taken[line.commission_id], payout_postings.reserving(line.gross_minor)) for line in plan.amounts.lines]
    return Step(f"{public_id}:reserve", "payout", parts, {"payout_id": public_id})
